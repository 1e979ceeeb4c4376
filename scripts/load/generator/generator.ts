/**
 * The open-loop generator, as the runner sees it: requests become due at instants that the server's answers
 * have no say in, worker threads send them, and latency counts from the instant that was meant.
 *
 * The algorithm is that of wrk2 and of the OpenMessaging Benchmark (UniformRateLimiter, MessageProducer): the
 * intended time of request i is the stage's start plus what the rate asks for, latency is answer − intended,
 * and how late the generator itself was is recorded beside it. A request that finds every connection busy
 * waits, and its wait is latency, because a user would have waited too; it is not send delay, because the
 * server caused it. No expected-interval correction is applied on top: the wait has been counted already.
 * It must never hold a request back because an answer is late, nor keep a figure per request.
 */
import type { Histogram } from 'hdr-histogram-js';
import type { EndingCounts, SecondRow } from '../result.ts';
import type { Action, Scenario, Stage } from '../scenario.ts';

export interface GeneratorTarget {
  /** Origin of a server, such as http://127.0.0.1:7420. */
  readonly url: string;
  /** API key that every request carries; an empty one is not sent. */
  readonly key: string;
  /** PEM of the certificate to believe; needed for https with one that nobody else vouches for. */
  readonly certificate?: string;
}

export interface GeneratorPlan {
  /** Connections take turns with them. */
  readonly targets: readonly GeneratorTarget[];
  readonly protocol: Scenario['protocol'];
  readonly mix: Scenario['mix'];
  /** Same seed, same requests in the same order, but for the tickets that the run itself opens. */
  readonly seed: number;
  /** From when a request is sent until it is given up. */
  readonly requestTimeoutMs: number;
  /** Threads; one is right until validity says otherwise. */
  readonly workers: number;
  /** Opened before, not yet assigned: for the actions that need a ticket. Shared out among the workers. */
  readonly tickets: readonly string[];
}

type ShapeOf<S> = S extends Stage ? Omit<S, 'name' | 'role' | 'users'> : never;
/** How a stage's requests are spread over time; a `Stage` is one. */
export type Shape = ShapeOf<Stage>;

export interface StageOrder {
  readonly name: string;
  /** Connections over HTTP/1.1, streams at once over HTTP/2; made before the stage begins. */
  readonly users: number;
  readonly shape: Shape;
  /** From the stage's start: sent and in the rows, but in no other figure unless it says so. */
  readonly warmSeconds: number;
}

/** A row of the result, with `second` counted from the stage's start. */
export type GeneratorSecond = Omit<SecondRow, 'stage'>;

/** Figures of one stage, without its warm-up unless said otherwise. Histograms are in whole microseconds. */
export interface StageOutcome {
  /** One for each second in which requests were due, warm-up included. */
  readonly seconds: readonly GeneratorSecond[];
  /**
   * Intended start to last byte of the answer, whatever its status; requests that timed out are in it with
   * the time after which they were given up, the least that it can have been. Resets and failed connections
   * are not in it.
   */
  readonly latency: Histogram;
  readonly latencyByAction: ReadonlyMap<Action, Histogram>;
  /** Intended start to when the generator turned to the request: its own lateness, never the server's. */
  readonly sendDelay: Histogram;
  readonly endings: EndingCounts;
  readonly due: number;
  readonly sent: number;
  /** Still waiting for a connection when the time for answers after the stage was over, or too many waited. */
  readonly notSent: number;
  /** Events that answers acknowledged, warm-up included: what the log must have grown by at least. */
  readonly events: number;
  /** Warm-up included. */
  readonly ticketsOpened: number;
  /** The last of them, at most `ticketsKeptMax`; the generator itself goes on to use them in later stages. */
  readonly newTickets: readonly string[];
  /** Of one core: the busiest worker's share of time in which it computed, or waited for a core to. */
  readonly generatorCpuShare: number;
  /** Answers with 429 or 503 that did not say when to come back. */
  readonly retryAfterMissing: number;
  /** Epoch milliseconds, warm-up included. */
  readonly firstDueAtMs: number;
  readonly lastAnswerAtMs: number;
}

/** Ids of opened tickets that a stage tells about. */
export const ticketsKeptMax = 100_000;

/** Threads that wait for stages. Only one stage runs at a time. */
export class Generator {
  /** Throws where the plan can not be carried out, such as `classify` in the mix. */
  static async start(_plan: GeneratorPlan): Promise<Generator> {
    return new Generator();
  }

  /**
   * Opens the connections, sends the stage's requests, waits for their answers for at most the request's
   * timeout, and tells what came of them. `onSecond` gets a row as soon as all requests that were due in its
   * second have ended, so now and then out of order. Rejects when a worker dies.
   */
  async run(_stage: StageOrder, _onSecond?: (row: GeneratorSecond) => void): Promise<StageOutcome> {
    throw new Error('not here yet');
  }

  /** Closes every connection and ends the threads. */
  async stop(): Promise<void> {
    return;
  }
}
