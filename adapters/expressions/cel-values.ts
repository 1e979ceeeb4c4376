/**
 * Between plain data and the values of CEL. Whole numbers become `int` and all others `double`, so that
 * `ticket.revision + 1` means what it says. What is too long or too deep is refused, not cut.
 */
import { type CelInput, type CelValue, isCelList, isCelMap, isCelUint } from '@bufbuild/cel';
import { ExpressionError, type ExpressionValue, expressionBounds } from '../../domain/expressions.ts';
import { celBounds } from './bounds.ts';
import type { StepCounter } from './step-counter.ts';

/** Throws `ExpressionError` for what is beyond the bounds. `path` says where it is: `ticket.fields`. */
export function toCelInput(value: ExpressionValue, path: string, depth = 0): CelInput {
  switch (typeof value) {
    case 'boolean':
      return value;
    case 'number':
      return Number.isSafeInteger(value) ? BigInt(value) : value;
    case 'string':
      if (value.length <= celBounds.stringCharactersMax) return value;
      throw new ExpressionError(
        `${path} has ${value.length} characters; at most ${celBounds.stringCharactersMax} are allowed`,
      );
    default:
      return value === null ? null : nestedInput(value, path, depth);
  }
}

type Nested = Extract<ExpressionValue, object>;

function nestedInput(value: Nested, path: string, depth: number): CelInput {
  if (depth >= celBounds.depthMax) {
    throw new ExpressionError(`${path} is nested more than ${celBounds.depthMax} deep`);
  }
  if (isList(value)) {
    checkItems(value.length, path);
    return value.map((item, index) => toCelInput(item, `${path}[${index}]`, depth + 1));
  }
  const map = new Map<string, CelInput>();
  for (const name of Object.keys(value)) {
    const member = value[name];
    // A member without a value is one that is not there, as in JSON.
    if (member !== undefined) map.set(name, toCelInput(member, `${path}.${name}`, depth + 1));
  }
  checkItems(map.size, path);
  return map;
}

function isList(value: Nested): value is readonly ExpressionValue[] {
  return Array.isArray(value);
}

function checkItems(count: number, path: string): void {
  if (count <= expressionBounds.itemsMax) return;
  throw new ExpressionError(`${path} has ${count} items; at most ${expressionBounds.itemsMax} are allowed`);
}

/**
 * What an expression came to, as plain data. Throws `ExpressionError` for what JSON has no form for (times,
 * bytes, types, infinities, whole numbers beyond 2⁵³) and for what is too large to be written out.
 */
export function fromCelValue(value: CelValue, steps: StepCounter): ExpressionValue {
  steps.take(1);
  switch (typeof value) {
    case 'boolean':
    case 'string':
      return value;
    case 'number':
      if (Number.isFinite(value)) return value;
      throw new ExpressionError(`the expression comes to ${value}, which is no number`);
    case 'bigint':
      return plainNumber(value);
    default:
  }
  if (value === null) return null;
  if (isCelUint(value)) return plainNumber(value.value);
  if (isCelList(value)) return Array.from(value, (item) => fromCelValue(item, steps));
  if (isCelMap(value)) {
    const entries = Array.from(value, ([key, item]): [string, ExpressionValue] => {
      if (typeof key === 'string') return [key, fromCelValue(item, steps)];
      throw new ExpressionError('the expression comes to a map with a key that is no text');
    });
    return Object.fromEntries(entries);
  }
  throw new ExpressionError(
    'the expression comes to a time, bytes or a type; make it a text or a number with string() or int()',
  );
}

function plainNumber(value: bigint): number {
  const plain = Number(value);
  if (Number.isSafeInteger(plain)) return plain;
  throw new ExpressionError(`the expression comes to ${value}, which is too large to be held exactly`);
}
