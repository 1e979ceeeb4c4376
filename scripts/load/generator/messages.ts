/** What the main thread and its workers tell each other. Only what can be cloned, and small. */
import type { Ending } from '../result.ts';
import type { Action } from '../scenario.ts';
import type { GeneratorPlan, Shape } from './generator.ts';
import type { SecondCounts } from './second-counts.ts';

/** The plan as one worker has it. */
export interface WorkerPlan extends Omit<GeneratorPlan, 'workers'> {
  /** From 0. */
  readonly worker: number;
}

export type ToWorker =
  | {
      readonly kind: 'prepare';
      readonly shape: Shape;
      readonly users: number;
      readonly warmSeconds: number;
      /** Workers that share the stage: request i is that of worker i modulo them. */
      readonly workers: number;
    }
  /** The stage starts at an instant of the shared clock. */
  | { readonly kind: 'go'; readonly startAtMs: number }
  | { readonly kind: 'stop' };

export type FromWorker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'second'; readonly tally: SecondTally }
  | { readonly kind: 'done'; readonly part: StagePart };

/** What one worker counted of the requests that were due in one second of the stage. */
export interface SecondTally {
  readonly second: number;
  due: number;
  sent: number;
  readonly endings: Record<Ending, number>;
  events: number;
  ticketsOpened: number;
  readonly latency: SecondCounts;
  readonly sendDelay: SecondCounts;
}

/** One worker's part of a stage's outcome; histograms are encoded (V2, base64, microseconds). */
export interface StagePart {
  readonly latency: string;
  readonly sendDelay: string;
  readonly latencyByAction: ReadonlyMap<Action, string>;
  readonly endings: Readonly<Record<Ending, number>>;
  readonly due: number;
  readonly sent: number;
  readonly notSent: number;
  readonly events: number;
  readonly ticketsOpened: number;
  readonly newTickets: readonly string[];
  readonly cpuShare: number;
  readonly retryAfterMissing: number;
  /** On the shared clock; undefined where no request was answered. */
  readonly lastAnswerAtMs: number | undefined;
}
