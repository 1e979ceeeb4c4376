/**
 * What is tested, whoever started it: the servers, the log that they write, and what of them lies on this
 * machine. Servers of our own (own-place.ts) and those of somebody else (given-place.ts) look the same here.
 */
import type { GeneratorTarget } from './generator/generator.ts';
import type { WatchedProcesses } from './resources.ts';

export interface TargetServer extends GeneratorTarget {
  /** Where its exporter answers; undefined where it has none that can be reached. */
  readonly metricsUrl: string | undefined;
}

/** The log itself, beside what answers say of it. */
export interface LogUnderTest {
  /** Position of its last durable event. */
  head(): Promise<number>;
  /** When each event after a position was recorded, up to a position, in epoch milliseconds, in batches. */
  recordedTimes(after: number, upTo: number): AsyncIterable<readonly number[]>;
  close(): Promise<void>;
}

/** What the read models hold; it can be looked at only where the database can be reached. */
export interface ReadModelsUnderTest {
  /** Rows of events, of tickets, and tickets that were left behind. */
  counts(): Promise<{ readonly events: number; readonly tickets: number; readonly parked: number }>;
}

export interface Place {
  /** At least one. */
  readonly targets: readonly TargetServer[];
  readonly processes: WatchedProcesses | undefined;
  readonly log: LogUnderTest;
  readonly readModels: ReadModelsUnderTest | undefined;
  /** What holds of it, and what could not be learned of it, in words. */
  readonly conditions: Readonly<Record<string, string>>;
  /** Stops what was started, in order; leaves alone what was not. */
  close(): Promise<void>;
}
