/**
 * A definition whose expressions are compiled, so that every mistake in them is found when it is loaded and
 * not by the first delivery that meets it.
 */
import { Fault } from '../../domain/errors.ts';
import { type Expression, ExpressionError, type Expressions } from '../../domain/expressions.ts';
import type {
  CommandRule,
  DataTemplate,
  MappingRule,
  MappingTemplate,
  SourceDefinition,
  TemplateName,
} from './definition.ts';

/** What expressions may use: the envelope's parts, what the rule computed, and the ticket as it is. */
const deliveryNames = ['body', 'headers', 'query', 'source'] as const;
const valueNames = [...deliveryNames, 'values'] as const;
const commandNames = [...valueNames, 'ticket'] as const;

/** A compiled expression with its place in the definition, for messages. */
export interface Placed {
  readonly at: string;
  readonly expression: Expression;
}

export type CompiledData =
  | { readonly kind: 'expression'; readonly placed: Placed }
  | { readonly kind: 'constant'; readonly value: number | boolean }
  | { readonly kind: 'list'; readonly items: readonly CompiledData[] }
  | { readonly kind: 'map'; readonly members: readonly (readonly [string, CompiledData])[] };

export interface CompiledCommand {
  /** Part of its command's id: the place in the rule's list. */
  readonly index: number;
  readonly rule: CommandRule;
  readonly when: Placed | undefined;
  readonly occurredAt: Placed | undefined;
  readonly once: Placed | undefined;
  readonly workflow: Placed | undefined;
  readonly onBehalfOf: { readonly id: Placed; readonly role: Placed | string } | undefined;
  readonly data: CompiledData;
}

export interface CompiledRule {
  readonly name: string;
  readonly when: Placed;
  readonly values: readonly (readonly [string, Placed])[];
  readonly ticketId: Placed;
  readonly at: Placed;
  readonly commands: readonly CompiledCommand[];
}

export interface CompiledSource {
  readonly definition: SourceDefinition;
  readonly deliveryId: Placed | undefined;
  readonly type: Placed | undefined;
  readonly rules: readonly CompiledRule[];
}

export type Templates = Readonly<Record<TemplateName, MappingTemplate>>;

/** Throws `Fault('input_unreadable')` that names `origin` and the member whose expression can not be used. */
export function compileSource(
  definition: SourceDefinition,
  templates: Templates,
  expressions: Expressions,
  origin: string,
): CompiledSource {
  const compile = (text: string, at: string, names: readonly string[]): Placed => {
    try {
      return { at, expression: expressions.compile(text, names) };
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      throw new Fault('input_unreadable', `${origin}: ${at}: ${error.message}`, { cause: error });
    }
  };
  const { deliveryId, type } = definition;
  return {
    definition,
    deliveryId: deliveryId === undefined ? undefined : compile(deliveryId, 'deliveryId', deliveryNames),
    type: type === undefined ? undefined : compile(type, 'type', deliveryNames),
    rules: definition.rules.map((rule, index) => compileRule(rule, `rules[${index}]`, templates, compile)),
  };
}

type Compile = (text: string, at: string, names: readonly string[]) => Placed;

function compileRule(rule: MappingRule, at: string, templates: Templates, compile: Compile): CompiledRule {
  const own = { at, values: rule.values, commands: typeof rule.commands === 'string' ? [] : rule.commands };
  const parts = typeof rule.commands === 'string' ? [own, ...partsOf(rule.commands, templates)] : [own];
  const values = new Map<string, Placed>();
  for (const part of parts) {
    for (const [name, text] of Object.entries(part.values)) {
      if (!values.has(name)) values.set(name, compile(text, `${part.at}.values.${name}`, valueNames));
    }
  }
  const commands = parts.flatMap((part) =>
    part.commands.map((command, index) => ({ command, at: `${part.at}.commands[${index}]` })),
  );
  return {
    name: rule.name,
    when: compile(rule.when, `${at}.when`, deliveryNames),
    values: [...values],
    ticketId: compile(rule.ticketId, `${at}.ticketId`, valueNames),
    at: compile(rule.at, `${at}.at`, valueNames),
    commands: commands.map(({ command, at: place }, index) => compileCommand(command, index, place, compile)),
  };
}

/** A template and what it extends, outermost first. */
function partsOf(
  name: TemplateName,
  templates: Templates,
): { at: string; values: MappingTemplate['values']; commands: MappingTemplate['commands'] }[] {
  const { extends: base, values, commands } = templates[name];
  return [{ at: name, values, commands }, ...(base === undefined ? [] : partsOf(base, templates))];
}

function compileCommand(rule: CommandRule, index: number, at: string, compile: Compile): CompiledCommand {
  const optional = (text: string | undefined, name: string) =>
    text === undefined ? undefined : compile(text, `${at}.${name}`, commandNames);
  const { onBehalfOf } = rule;
  return {
    index,
    rule,
    when: optional(rule.when, 'when'),
    occurredAt: optional(rule.occurredAt, 'occurredAt'),
    once: optional(rule.once, 'once'),
    workflow: optional(rule.workflow, 'workflow'),
    onBehalfOf:
      onBehalfOf === undefined
        ? undefined
        : {
            id: compile(onBehalfOf.id, `${at}.onBehalfOf.id`, commandNames),
            role: isRole(onBehalfOf.role)
              ? onBehalfOf.role
              : compile(onBehalfOf.role, `${at}.onBehalfOf.role`, commandNames),
          },
    data: compileData(rule.data, `${at}.data`, compile),
  };
}

function isRole(text: string): boolean {
  return /^[a-z]+$/.test(text);
}

function compileData(template: DataTemplate, at: string, compile: Compile): CompiledData {
  if (typeof template === 'string') {
    return { kind: 'expression', placed: compile(template, at, commandNames) };
  }
  if (typeof template !== 'object') return { kind: 'constant', value: template };
  if (isList(template)) {
    const items = template.map((item, index) => compileData(item, `${at}[${index}]`, compile));
    return { kind: 'list', items };
  }
  const members = Object.entries(template).map(
    ([name, member]) => [name, compileData(member, `${at}.${name}`, compile)] as const,
  );
  return { kind: 'map', members };
}

function isList(template: DataTemplate): template is readonly DataTemplate[] {
  return Array.isArray(template);
}
