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
import { Fault } from '../../../domain/errors.ts';
import type { EndingCounts, SecondRow } from '../result.ts';
import type { Action, Scenario, Stage } from '../scenario.ts';
import { sharedNowMs } from './clock.ts';
import { GeneratorThread } from './generator-thread.ts';
import { StageMerge } from './stage-merge.ts';

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
  readonly mix: readonly Scenario['mix'][number][];
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
  /** One for each second up to that of the last request, warm-up included. */
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
  /** Still waiting for a connection when the time for answers after the stage was over, or one too many. */
  readonly notSent: number;
  /** Events that answers acknowledged, warm-up included: what the log must have grown by at least. */
  readonly events: number;
  /** Warm-up included. */
  readonly ticketsOpened: number;
  /** The newest of them, at most `ticketsKeptMax`; later stages of this generator use them anyway. */
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

/** Once connections are made: workers get the order and wait for the same instant. */
const leadMs = 30;
/** Threads that do not end by themselves within this are ended. */
const stopMsMax = 2_000;

/** Threads that wait for stages. Only one stage runs at a time. */
export class Generator {
  readonly #threads: readonly GeneratorThread[];
  #running = false;

  private constructor(threads: readonly GeneratorThread[]) {
    this.#threads = threads;
  }

  /** Throws `input_unreadable` where the plan can not be carried out, and says what is wrong with it. */
  static async start(plan: GeneratorPlan): Promise<Generator> {
    refuseUnusable(plan);
    const { workers, tickets, ...rest } = plan;
    const threads = Array.from({ length: workers }, (_, worker) => {
      const own = tickets.filter((_id, index) => index % workers === worker);
      return new GeneratorThread({ ...rest, tickets: own, worker });
    });
    return new Generator(threads);
  }

  /**
   * Opens the connections, sends the stage's requests, waits for their answers for at most the request's
   * timeout, and tells what came of them. `onSecond` gets a row as soon as all requests that were due in its
   * second have ended, so now and then out of order. Rejects when a worker dies.
   */
  async run(stage: StageOrder, onSecond: (row: GeneratorSecond) => void = () => {}): Promise<StageOutcome> {
    if (this.#running) throw new Error('bug: two stages at the same time');
    this.#running = true;
    try {
      // A worker without a line could send nothing of its share.
      const threads = this.#threads.slice(0, stage.users);
      const { shape, warmSeconds, users } = stage;
      const merging = new StageMerge(threads.length, onSecond);
      await Promise.all(
        threads.map((thread, index) =>
          thread.prepare({
            kind: 'prepare',
            shape,
            warmSeconds,
            users: Math.ceil((users - index) / threads.length),
            workers: threads.length,
          }),
        ),
      );
      const startAtMs = sharedNowMs() + leadMs;
      const toEpochMs = Date.now() - sharedNowMs();
      const parts = await Promise.all(
        threads.map((thread) => thread.send(startAtMs, (tally) => merging.addSecond(tally))),
      );
      return merging.outcome(parts, startAtMs, toEpochMs);
    } finally {
      this.#running = false;
    }
  }

  /** Closes every connection and ends the threads. */
  async stop(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.stop(stopMsMax)));
  }
}

function refuseUnusable(plan: GeneratorPlan): void {
  const { protocol, mix, workers, targets, tickets, requestTimeoutMs } = plan;
  const refuse = (why: string) => {
    throw new Fault('input_unreadable', `the load can not be generated: ${why}`);
  };
  if (!Number.isInteger(workers) || workers < 1) refuse(`workers is ${workers}, it must be 1 or more`);
  if (!(requestTimeoutMs > 0)) refuse(`requestTimeoutMs is ${requestTimeoutMs}, it must be above 0`);
  if (targets.length === 0) refuse('targets is empty, it must name a server');
  for (const { url, key } of targets) {
    if (!URL.canParse(url) || !/^https?:/.test(url)) refuse(`${url} is no http or https address`);
    if (protocol === 'http2' && !url.startsWith('https:')) refuse(`${url} is not https, as HTTP/2 needs`);
    // It goes into the head of each request as it is.
    if (!/^[\x21-\x7e]*$/.test(key)) refuse(`the key for ${url} has characters that no key has`);
  }
  const asked = new Set(mix.map(({ action }) => action));
  if (asked.size === 0) refuse('mix is empty, it must ask for something');
  if (asked.has('classify')) refuse('mix asks for classify, and there is no classifier yet');
  const needTickets = [...asked].filter((action) => !['open', 'list', 'search'].includes(action));
  if (needTickets.length > 0 && !asked.has('open') && tickets.length < workers) {
    refuse(`${needTickets.join(' and ')} need tickets: at least one for each worker, or open in the mix`);
  }
}
