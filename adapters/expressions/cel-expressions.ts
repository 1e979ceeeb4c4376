/**
 * Expressions in CEL, by Buf's implementation of it. That one is a beta, and CEL alone bounds no work, so
 * everything that comes in or goes on is checked here; nothing outside of this folder knows that it is CEL
 * which is evaluated.
 */
import { type CelEnv, type CelInput, type CelResult, isCelError, plan } from '@bufbuild/cel';
import {
  type Bindings,
  type Expression,
  ExpressionError,
  type Expressions,
  type ExpressionValue,
} from '../../domain/expressions.ts';
import { celBounds } from './bounds.ts';
import { fromCelValue, toCelInput } from './cel-values.ts';
import { checkSyntax } from './check-syntax.ts';
import { countedEnvironment } from './counted-functions.ts';
import { StepCounter } from './step-counter.ts';

/**
 * CEL with its standard functions and those of the `strings` extension, but for `format` and `quote`.
 *
 * What is bound to a name is converted once and then known again: it must not change between evaluations
 * that it is given to, but be made anew.
 */
export function celExpressions(): Expressions {
  const steps = new StepCounter();
  const env = countedEnvironment(steps);
  const inputs = new WeakMap<object, CelInput>();
  const compiled = new Map<string, Expression>();
  return {
    compile(text, names) {
      const key = JSON.stringify([text, names]);
      const known = compiled.get(key);
      if (known !== undefined) compiled.delete(key);
      const expression = known ?? new CelExpression(text, names, { env, steps, inputs });
      compiled.set(key, expression);
      if (compiled.size > celBounds.compiledMax) compiled.delete(compiled.keys().next().value ?? key);
      return expression;
    },
  };
}

interface Machinery {
  readonly env: CelEnv;
  /** One for all: an evaluation is never interrupted by another. */
  readonly steps: StepCounter;
  readonly inputs: WeakMap<object, CelInput>;
}

class CelExpression implements Expression {
  readonly text: string;
  readonly #machinery: Machinery;
  readonly #used: readonly string[];
  readonly #run: (given: Record<string, CelInput>) => CelResult;

  constructor(text: string, names: readonly string[], machinery: Machinery) {
    const { parsed, used } = checkSyntax(text, names, machinery.env);
    this.text = text;
    this.#machinery = machinery;
    this.#used = used;
    this.#run = plan(machinery.env, parsed);
  }

  evaluate(bindings: Bindings): ExpressionValue {
    const { steps } = this.#machinery;
    steps.reset();
    const result = this.#run(this.#given(bindings));
    if (isCelError(result)) {
      throw new ExpressionError(`the expression can not be evaluated: ${result.message}`, { cause: result });
    }
    return fromCelValue(result, steps);
  }

  /** What the names stand for that the expression uses; a name without a value is left to be missed. */
  #given(bindings: Bindings): Record<string, CelInput> {
    const given: Record<string, CelInput> = Object.create(null);
    for (const name of this.#used) {
      const value = Object.hasOwn(bindings, name) ? bindings[name] : undefined;
      if (value !== undefined) given[name] = this.#input(name, value);
    }
    return given;
  }

  #input(name: string, value: ExpressionValue): CelInput {
    if (typeof value !== 'object' || value === null) return toCelInput(value, name);
    const { inputs } = this.#machinery;
    const known = inputs.get(value);
    if (known !== undefined) return known;
    const input = toCelInput(value, name);
    inputs.set(value, input);
    return input;
  }
}
