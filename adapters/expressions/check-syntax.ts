/**
 * What can be said against an expression before it is given anything: that it is no CEL, uses a name or a
 * function that there is not, or could cost too much. Whatever is refused here never has to be stopped later.
 */
import { type CelEnv, parse } from '@bufbuild/cel';
import { ExpressionError, expressionBounds } from '../../domain/expressions.ts';
import { celBounds } from './bounds.ts';

type Parsed = ReturnType<typeof parse>;
type Node = Parsed['expr'];

/** An expression that may be planned, and which of the names that it may use it does use. */
export interface CheckedSyntax {
  readonly parsed: Parsed;
  readonly used: readonly string[];
}

/** Names of types, which stand where a value may stand: `type(ticket.group) == string`. */
const typeNames = new Set(['bool', 'bytes', 'double', 'int', 'list', 'map', 'null_type', 'string', 'uint']);
/** What the planner turns into steps of its own, without looking for a function. */
const operators = new Set(['_&&_', '_||_', '_?_:_', '_[_]', '@not_strictly_false']);

interface Walk {
  readonly env: CelEnv;
  readonly names: ReadonlySet<string>;
  readonly used: Set<string>;
  readonly positions: Readonly<Record<string, number>>;
  nodes: number;
}

/** Where a node stands: the comprehensions around it, and the variables that they declare. */
interface Place {
  readonly depth: number;
  readonly variables: readonly string[];
}

/** Throws `ExpressionError`, which says what is wrong and, where that is known, at which character. */
export function checkSyntax(text: string, names: readonly string[], env: CelEnv): CheckedSyntax {
  if (text.length > expressionBounds.charactersMax) {
    const { charactersMax } = expressionBounds;
    throw new ExpressionError(
      `the expression has ${text.length} characters; at most ${charactersMax} are allowed`,
    );
  }
  const parsed = parseText(text);
  const positions = parsed.sourceInfo?.positions ?? {};
  const walk: Walk = { env, names: new Set(names), used: new Set(), positions, nodes: 0 };
  visit(walk, parsed.expr, { depth: 0, variables: [] });
  return { parsed, used: [...walk.used] };
}

function parseText(text: string): Parsed {
  try {
    return parse(text);
  } catch (cause) {
    if (cause instanceof RangeError) {
      throw new ExpressionError('the expression is nested too deeply to be read', { cause });
    }
    const reason = cause instanceof Error ? cause.message.replace(/^<input>:/, 'at ') : String(cause);
    throw new ExpressionError(`the expression is not CEL: ${reason}`, { cause });
  }
}

function visit(walk: Walk, node: Node | undefined, place: Place): void {
  if (node === undefined) return;
  walk.nodes += 1;
  if (walk.nodes > celBounds.nodesMax) {
    throw new ExpressionError(`the expression has more than ${celBounds.nodesMax} parts`);
  }
  const { exprKind: kind } = node;
  switch (kind.case) {
    case 'constExpr':
      return;
    case 'identExpr':
      visitName(walk, node, kind.value.name, place);
      return;
    case 'selectExpr':
      visit(walk, kind.value.operand, place);
      return;
    case 'callExpr':
      checkFunction(walk, node, kind.value.function);
      visit(walk, kind.value.target, place);
      for (const argument of kind.value.args) visit(walk, argument, place);
      return;
    case 'listExpr':
      for (const element of kind.value.elements) visit(walk, element, place);
      return;
    case 'structExpr':
      if (kind.value.messageName !== '') {
        throw offence(walk, node, `messages such as ${kind.value.messageName}{} can not be made here`);
      }
      for (const { keyKind, value } of kind.value.entries) {
        if (keyKind.case === 'mapKey') visit(walk, keyKind.value, place);
        visit(walk, value, place);
      }
      return;
    case 'comprehensionExpr':
      visitComprehension(walk, node, kind.value, place);
      return;
    default:
      throw offence(walk, node, 'this is no expression');
  }
}

function visitName(walk: Walk, node: Node, name: string, { variables }: Place): void {
  if (variables.includes(name) || typeNames.has(name)) return;
  if (walk.names.has(name)) walk.used.add(name);
  else throw offence(walk, node, `unknown name ${name}; known are ${[...walk.names].join(', ') || 'none'}`);
}

function checkFunction(walk: Walk, node: Node, name: string): void {
  if (operators.has(name) || walk.env.funcs.find(name) !== undefined) return;
  throw offence(walk, node, `unknown function ${name}`);
}

type Comprehension = Extract<Node['exprKind'], { case: 'comprehensionExpr' }>['value'];

/** What is gone through is made once, outside of the loop; all else is worked out for each of its items. */
function visitComprehension(walk: Walk, node: Node, value: Comprehension, place: Place): void {
  const depth = place.depth + 1;
  if (depth > expressionBounds.comprehensionDepthMax) {
    throw offence(walk, node, 'all, exists, exists_one, map and filter can not stand inside each other');
  }
  visit(walk, value.iterRange, place);
  const inside: Place = { depth, variables: [...place.variables, value.iterVar, value.accuVar] };
  for (const part of [value.accuInit, value.loopCondition, value.loopStep, value.result]) {
    visit(walk, part, inside);
  }
}

function offence(walk: Walk, node: Node, message: string): ExpressionError {
  const position = walk.positions[String(node.id)];
  return new ExpressionError(position === undefined ? message : `at character ${position + 1}: ${message}`);
}
