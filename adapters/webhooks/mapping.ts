/**
 * From an envelope to commands, by the rules of its source. What a rule says of the ticket is asked for each
 * command anew, on what the ticket is by then.
 */
import { ExpressionError, type ExpressionValue, expressionBounds } from '../../domain/expressions.ts';
import { type Command, commandSchema } from '../../domain/ticket/commands.ts';
import { lifecycleOf } from '../../domain/ticket/evolve.ts';
import type { TicketState } from '../../domain/ticket/state.ts';
import { type EpochMs, type TicketId, ticketIdSchema, timeSchema } from '../../domain/ticket/values.ts';
import type { CompiledCommand, CompiledData, CompiledSource, Placed } from './compiled.ts';
import type { Envelope, EnvelopeData } from './envelope.ts';

/**
 * A delivery that its source's rules can not be applied to: a mistake in them, or a payload of another
 * shape.
 */
export class MappingProblem extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'MappingProblem';
  }
}

type Bindings = Readonly<Record<string, ExpressionValue>>;

/** What a rule makes of a delivery. */
export interface Reading {
  readonly source: string;
  readonly deliveryId: string;
  readonly rule: string;
  readonly ticketId: TicketId;
  readonly at: EpochMs;
  readonly commands: readonly CompiledCommand[];
  readonly bindings: Bindings;
}

/** `undefined` where no rule is for it. Throws `MappingProblem`. */
export function readEnvelope(source: CompiledSource, envelope: Envelope): Reading | undefined {
  const given = bindingsOf(envelope);
  for (const rule of source.rules) {
    if (!holds(rule.when, given)) continue;
    let values: Record<string, ExpressionValue> = {};
    for (const [name, placed] of rule.values) {
      values = { ...values, [name]: evaluate(placed, { ...given, values }) };
    }
    const bindings = { ...given, values };
    return {
      source: envelope.source,
      deliveryId: envelope.id,
      rule: rule.name,
      ticketId: ticketIdOf(rule.ticketId, source.definition.ticketIdPrefix, bindings),
      at: timeOf(rule.at, bindings) ?? envelope.receivedAt,
      commands: rule.commands,
      bindings,
    };
  }
  return undefined;
}

/**
 * What tells the delivery apart and what it is about, as the definition says; `undefined` where it does
 * not.
 */
export function identify(
  { deliveryId, type }: CompiledSource,
  delivery: Pick<Envelope, 'source' | 'query' | 'headers' | 'data'>,
): { readonly id: string | undefined; readonly type: string } {
  const given = bindingsOf(delivery);
  const id = deliveryId === undefined ? null : evaluate(deliveryId, given);
  // A type is for people only: a delivery without one is as good as any.
  let kind: ExpressionValue = '';
  try {
    if (type !== undefined) kind = evaluate(type, given);
  } catch (error) {
    if (!(error instanceof MappingProblem)) throw error;
  }
  // A list or a map tells nothing apart: as texts they may all be alike, or empty.
  const text = typeof id === 'object' ? '' : String(id);
  return { id: text === '' ? undefined : text, type: typeof kind === 'string' ? kind.slice(0, 200) : '' };
}

/** The slot that a command is the newest word on, as its events carry it. */
export function slotOf({ source }: Pick<Reading, 'source'>, slot: string): string {
  return `webhook:${source}:${slot}`;
}

/** The command, or `undefined` where its condition does not hold. Throws `MappingProblem`. */
export function commandOf(
  reading: Reading,
  { rule, index, when, occurredAt, once, workflow, onBehalfOf, data }: CompiledCommand,
  ticket: TicketState | undefined,
): Command | undefined {
  const bindings = { ...reading.bindings, ticket: ticketBinding(ticket) };
  if (when !== undefined && !holds(when, bindings)) return undefined;
  const behalf = onBehalfOf === undefined ? '' : textOf(onBehalfOf.id, bindings);
  const role = typeof onBehalfOf?.role === 'object' ? evaluate(onBehalfOf.role, bindings) : onBehalfOf?.role;
  const single = once === undefined ? '' : textOf(once, bindings);
  const isSingle = single !== '';
  const found = commandSchema.safeParse({
    type: rule.type,
    ticketId: reading.ticketId,
    commandId: isSingle
      ? `webhook:${reading.source}:${reading.ticketId}:${single}`
      : `webhook:${reading.source}:${reading.deliveryId}:${index}`,
    occurredAt: (occurredAt === undefined ? undefined : timeOf(occurredAt, bindings)) ?? reading.at,
    actor: { id: reading.source, role: 'integration' },
    ...(behalf === '' ? {} : { onBehalfOf: { id: behalf, role } }),
    ...(rule.order === 'latest' ? { correlationId: slotOf(reading, rule.slot) } : {}),
    // Part of what a command id stands for: it must be the same whichever delivery tells it.
    ...(isSingle ? {} : { causationId: reading.deliveryId }),
    source: reading.source,
    ...(workflow === undefined ? {} : { workflow: evaluate(workflow, bindings) }),
    data: dataOf(data, bindings) ?? {},
  });
  if (found.success) return found.data;
  const [issue] = found.error.issues;
  const path = issue?.path.join('.') ?? '';
  throw new MappingProblem(`${rule.type}: ${path}: ${issue?.message ?? 'not of the right shape'}`);
}

/** What expressions may ask of the ticket; of one that does not exist, everything is empty. */
function ticketBinding(ticket: TicketState | undefined): ExpressionValue {
  return {
    exists: ticket !== undefined,
    lifecycle: ticket === undefined ? '' : lifecycleOf(ticket.state),
    assignee: ticket?.assignee ?? '',
    group: ticket?.group ?? '',
    requester: ticket?.requester ?? '',
    hold: ticket?.hold?.reason ?? '',
    fields: { ...ticket?.fields },
  };
}

function bindingsOf({
  source,
  query,
  headers,
  data,
}: Pick<Envelope, 'source' | 'query' | 'headers' | 'data'>): Bindings {
  return {
    body: data === undefined ? {} : withoutEmptyBulk(data),
    headers,
    query: Object.fromEntries(new URLSearchParams(query)),
    source,
  };
}

/**
 * Jira tells hundreds of custom fields of which nearly all are null: those alone must not break the bound.
 */
function withoutEmptyBulk(data: NonNullable<EnvelopeData> | null): ExpressionValue {
  if (typeof data !== 'object' || data === null) return data;
  if (Array.isArray(data)) return data.map(withoutEmptyBulk);
  const entries = Object.entries(data);
  const kept =
    entries.length > expressionBounds.itemsMax ? entries.filter(([, value]) => value !== null) : entries;
  return Object.fromEntries(kept.map(([name, value]) => [name, withoutEmptyBulk(value)]));
}

function evaluate({ at, expression }: Placed, bindings: Bindings): ExpressionValue {
  try {
    return expression.evaluate(bindings);
  } catch (error) {
    if (error instanceof ExpressionError) throw new MappingProblem(`${at}: ${error.message}`);
    throw error;
  }
}

/**
 * Empty for null. Lists and maps are no texts: what they would be turned into is for their sender to say.
 */
function textOf(placed: Placed, bindings: Bindings): string {
  const value = evaluate(placed, bindings);
  if (value === null) return '';
  if (typeof value !== 'object') return String(value);
  throw new MappingProblem(`${placed.at}: expected a text or a number`);
}

function holds(placed: Placed, bindings: Bindings): boolean {
  const value = evaluate(placed, bindings);
  if (typeof value === 'boolean') return value;
  throw new MappingProblem(`${placed.at}: a condition must be true or false`);
}

function timeOf(placed: Placed, bindings: Bindings): EpochMs | undefined {
  const value = evaluate(placed, bindings);
  if (value === null || value === '') return undefined;
  // Jira writes zones without a colon.
  const text = typeof value === 'string' ? value.replace(/([+-]\d\d)(\d\d)$/, '$1:$2') : value;
  const time = timeSchema.safeParse(text);
  if (time.success) return time.data;
  throw new MappingProblem(
    `${placed.at}: expected a time in ISO 8601 with a zone, or milliseconds since 1970`,
  );
}

function ticketIdOf(placed: Placed, prefix: string, bindings: Bindings): TicketId {
  const text = textOf(placed, bindings);
  const found = ticketIdSchema.safeParse(`${prefix}${text}`);
  if (found.success && text !== '') return found.data;
  throw new MappingProblem(`${placed.at}: expected the id of a ticket: letters, digits and . _ : - only`);
}

/** `undefined` for what comes to null, which is left out; nulls inside of what an expression makes stay. */
function dataOf(data: CompiledData, bindings: Bindings): ExpressionValue | undefined {
  switch (data.kind) {
    case 'constant':
      return data.value;
    case 'expression':
      return evaluate(data.placed, bindings) ?? undefined;
    case 'list':
      return data.items.flatMap((item) => dataOf(item, bindings) ?? []);
    case 'map': {
      const members = data.members.map(([name, member]) => [name, dataOf(member, bindings)] as const);
      return Object.fromEntries(
        members.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])),
      );
    }
    default:
      return data;
  }
}
