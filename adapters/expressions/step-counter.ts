/** Counts the work of one evaluation, and stops it where that becomes too much. */
import { type CelValue, isCelList, isCelMap } from '@bufbuild/cel';
import { ExpressionError } from '../../domain/expressions.ts';
import { celBounds } from './bounds.ts';

const charactersPerStep = 64;

export class StepCounter {
  #left = 0;

  /** Begins a new evaluation. */
  reset(): void {
    this.#left = celBounds.stepsMax;
  }

  /** Throws `ExpressionError` once more was taken than an evaluation may cost. */
  take(steps: number): void {
    this.#left -= steps;
    if (this.#left < 0) {
      throw new ExpressionError(`the expression needs more than ${celBounds.stepsMax} steps with this input`);
    }
  }

  /** Takes the work of looking at a value: its text or its items, and with `deep` at all that is inside. */
  look(value: CelValue | undefined, deep: boolean): void {
    if (typeof value === 'string' || value instanceof Uint8Array) {
      this.take(value.length / charactersPerStep);
    } else if (isCelList(value)) {
      this.take(value.size);
      if (deep) for (const item of value) this.look(item, true);
    } else if (isCelMap(value)) {
      this.take(value.size);
      if (deep) for (const item of value.values()) this.look(item, true);
    }
  }
}
