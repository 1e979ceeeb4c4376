/**
 * When each request of a stage is due: the intended start of request i, from the stage's start, is where the
 * integral of the rate reaches i. So a rate of 7 per second is not ten in one second and four in the next,
 * and a ramp has exactly the requests that lie under it.
 * It must know neither clock nor answers: nothing that happens moves an instant that was meant.
 */
import type { Shape } from './generator.ts';

export interface Schedule {
  readonly count: number;
  /** How long the stage lasts, which may be longer than until its last request is due. */
  readonly durationMs: number;
  /** Milliseconds from the stage's start; never falling with `index`, which counts from 0. */
  dueMs(index: number): number;
}

/** Products such as 0.1 × 30 are a little more than the whole number that they stand for. */
const roundingSlack = 1e-6;

export function scheduleOf(shape: Shape): Schedule {
  switch (shape.shape) {
    case 'hold': {
      const { perSecond, seconds } = shape;
      return {
        count: requestsIn(perSecond * seconds),
        durationMs: seconds * 1_000,
        dueMs: (index) => (index * 1_000) / perSecond,
      };
    }
    case 'ramp':
      return ramp(shape.fromPerSecond, shape.toPerSecond, shape.seconds);
    case 'burst': {
      const { requests, withinSeconds } = shape;
      return {
        count: requests,
        durationMs: withinSeconds * 1_000,
        dueMs: (index) => (index * withinSeconds * 1_000) / requests,
      };
    }
  }
}

/**
 * The rate rises (or falls) evenly, so that N(t) = from·t + (to − from)·t² / 2·seconds requests are due
 * before t. Solved for t in the form that stays exact where both rates are the same.
 */
function ramp(fromPerSecond: number, toPerSecond: number, seconds: number): Schedule {
  const slope = (toPerSecond - fromPerSecond) / seconds;
  return {
    count: requestsIn(((fromPerSecond + toPerSecond) / 2) * seconds),
    durationMs: seconds * 1_000,
    dueMs: (index) => {
      // Rounding may take the root of the last request a little below none.
      const root = Math.sqrt(Math.max(0, fromPerSecond ** 2 + 2 * slope * index));
      return index === 0 ? 0 : (2_000 * index) / (fromPerSecond + root);
    },
  };
}

/** The first is due at the start, and whatever is due at the very end belongs to the next stage. */
function requestsIn(integral: number): number {
  return Math.ceil(integral - roundingSlack);
}
