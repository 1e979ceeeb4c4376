/**
 * The functions of CEL and its `strings` extension, each with its work counted and its result kept small.
 * Those that could not be bounded are left out (`format`, `strings.quote`) or done anew (`replace`, `split`).
 */
import {
  type CelEnv,
  type CelFunc,
  CelScalar,
  type CelType,
  type CelValue,
  celEnv,
  celFunc,
  celList,
  celMethod,
  isCelError,
  isCelList,
  listType,
} from '@bufbuild/cel';
import { strings } from '@bufbuild/cel/ext';
import { ExpressionError, expressionBounds } from '../../domain/expressions.ts';
import { celBounds } from './bounds.ts';
import type { StepCounter } from './step-counter.ts';

const unbounded = new Set(['format', 'strings.quote', 'replace', 'split']);
/** These look at all that is inside of their arguments. */
const lookingInside = new Set(['_==_', '_!=_', '_in_', 'in', '@in']);

const { STRING, INT } = CelScalar;

/** An environment whose every function takes its work from `steps`. */
export function countedEnvironment(steps: StepCounter): CelEnv {
  const bounded = strings.filter(({ name }) => !unbounded.has(name));
  const plain = celEnv({ funcs: bounded });
  const counted = [...plain.funcs].map((each) =>
    each.name === 'matches' ? each : countedFunction(each, steps),
  );
  return celEnv({ funcs: [...counted, ...ownFunctions(plain, steps)] });
}

function countedFunction(original: CelFunc, steps: StepCounter): CelFunc {
  const { name, target, arguments: parameters, result } = original;
  const deep = lookingInside.has(name);
  const call = (receiver: CelValue | undefined, given: CelValue[]): CelValue => {
    steps.take(1);
    steps.look(receiver, deep);
    for (const value of given) steps.look(value, deep);
    const value = original.call(0, receiver, given);
    if (value === undefined) throw new ExpressionError(`${name} can not be used like this`);
    if (isCelError(value)) throw value;
    return small(value);
  };
  if (target === undefined) {
    return celFunc<readonly CelType[], CelType>(name, parameters, result, (...given) =>
      call(undefined, given),
    );
  }
  return celMethod<CelType, readonly CelType[], CelType>(
    name,
    target,
    parameters,
    result,
    function (...given) {
      return call(this, given);
    },
  );
}

function ownFunctions(plain: CelEnv, steps: StepCounter): CelFunc[] {
  const texts = listType(STRING);
  return [
    celMethod('replace', STRING, [STRING, STRING], STRING, function (part, by) {
      return replaced(this, part, by, undefined, steps);
    }),
    celMethod('replace', STRING, [STRING, STRING, INT], STRING, function (part, by, most) {
      return replaced(this, part, by, Number(most), steps);
    }),
    celMethod('split', STRING, [STRING], texts, function (separator) {
      return split(this, separator, undefined, steps);
    }),
    celMethod('split', STRING, [STRING, INT], texts, function (separator, most) {
      return split(this, separator, Number(most), steps);
    }),
    celMethod('matches', STRING, [STRING], CelScalar.BOOL, function (pattern) {
      steps.take(matchingSteps(this, pattern));
      const value = plain.funcs.find('matches')?.call(0, this, [pattern]);
      if (isCelError(value)) throw value;
      return value === true;
    }),
  ];
}

/** The first `most` times that `part` occurs, or all, are replaced. */
function replaced(
  text: string,
  part: string,
  by: string,
  most: number | undefined,
  steps: StepCounter,
): string {
  steps.take(1);
  steps.look(text, false);
  if (part === '') throw new ExpressionError('replace needs a text to look for; an empty one is everywhere');
  const pieces = text.split(part);
  const count = Math.min(pieces.length - 1, most === undefined || most < 0 ? pieces.length : most);
  steps.take(count);
  checkLength(text.length + count * (by.length - part.length));
  const kept = pieces.slice(count + 1);
  return [pieces.slice(0, count + 1).join(by), ...kept].join(part);
}

/** At most `most` pieces, of which the last holds what was not split any more. */
function split(text: string, separator: string, most: number | undefined, steps: StepCounter): string[] {
  steps.take(1);
  steps.look(text, false);
  const pieces = text.split(separator);
  if (most === undefined || most < 0 || pieces.length <= most) {
    checkItems(pieces.length);
    return pieces;
  }
  if (most === 0) return [];
  checkItems(most);
  return [...pieces.slice(0, most - 1), pieces.slice(most - 1).join(separator)];
}

/**
 * RE2 needs time in proportion to the text and to the pattern, where a counted repetition makes the pattern
 * as much longer as it says.
 */
function matchingSteps(text: string, pattern: string): number {
  let states = pattern.length;
  for (const [, from = '', to = ''] of pattern.matchAll(/\{(\d+),?(\d*)\}/g)) {
    states *= Math.max(Number(from), Number(to), 1);
  }
  return 10 + (states * (text.length + 10)) / charactersTimesStatesPerStep;
}
const charactersTimesStatesPerStep = 32;

/** Lists that were joined are laid flat, so that going through them does not get slower with every join. */
function small(value: CelValue): CelValue {
  if (typeof value === 'string') checkLength(value.length);
  if (value instanceof Uint8Array) checkLength(value.length);
  if (!isCelList(value)) return value;
  checkItems(value.size);
  return celList([...value]);
}

function checkItems(count: number): void {
  if (count <= expressionBounds.itemsMax) return;
  throw new ExpressionError(`the expression makes a list of more than ${expressionBounds.itemsMax} items`);
}

function checkLength(length: number): void {
  if (length <= celBounds.stringCharactersMax) return;
  throw new ExpressionError(
    `the expression makes a text of more than ${celBounds.stringCharactersMax} characters`,
  );
}
