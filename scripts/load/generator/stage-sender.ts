/**
 * Sends one worker's share of a stage: turns to each request when it is due, gives it to a line that is free,
 * or lets it wait, in order, until one is. Answers have no say in when requests are due.
 *
 * Two waits are told apart. That of a request which the sender turned to late is send delay: the generator's
 * fault, and what validity is judged by. That for a free line is the server's doing, and is in the latency
 * only. wrk2 and the OpenMessaging Benchmark measure the same two from the same intended start.
 * It must send nothing before it is due, and account for every request: sent, or waiting at the end.
 */
import { performance as threadPerformance } from 'node:perf_hooks';
import type { Alarm } from './alarm.ts';
import { sharedNowMs } from './clock.ts';
import { Fifo } from './fifo.ts';
import type { StagePart } from './messages.ts';
import type { MadeRequest, RequestMaker } from './requests.ts';
import type { Schedule } from './schedule.ts';
import { type StageRecord, secondOf } from './stage-record.ts';
import type { Answer, Failure, Line } from './transport.ts';

/** Requests that one worker lets wait for a line. Those beyond it are counted as never sent. */
export const waitingMax = 100_000;
/** How often what was sent too long ago is looked for: a part of the timeout, within bounds. */
const sweepsPerTimeout = 20;
const sweepMsMin = 1;
const sweepMsMax = 50;
/** Over a shorter time, a share of it says little. */
const cpuWindowMsMin = 1_000;

export interface StageParts {
  readonly schedule: Schedule;
  /** This worker, from 0, of so many. */
  readonly worker: number;
  readonly workers: number;
  readonly lines: readonly Line[];
  readonly requests: RequestMaker;
  readonly record: StageRecord;
  readonly alarm: Alarm;
  readonly requestTimeoutMs: number;
  /** By `performance.now()`. */
  readonly startAtMs: number;
}

export class StageSender {
  readonly #parts: StageParts;
  readonly #free = new Fifo<Line>();
  /** Milliseconds from the stage's start at which each was due. */
  readonly #waiting = new Fifo<number>();
  readonly #finished = Promise.withResolvers<void>();
  readonly #endAtMs: number;
  #next: number;
  #underWay = 0;
  #lastAnswerAtMs: number | undefined;
  #usage = new ThreadUsage();
  #cpuShare: number | undefined;

  constructor(parts: StageParts) {
    this.#parts = parts;
    this.#next = parts.worker;
    this.#endAtMs = parts.startAtMs + parts.schedule.durationMs;
    for (const line of parts.lines) this.#free.push(line);
  }

  /** Resolves when the stage's time is over and every request has been accounted for. */
  async run(): Promise<StagePart> {
    const { alarm, startAtMs, requestTimeoutMs, record, schedule } = this.#parts;
    const sweepMs = Math.min(sweepMsMax, Math.max(sweepMsMin, requestTimeoutMs / sweepsPerTimeout));
    alarm.onRing(() => this.#turnToDue());
    await untilMs(startAtMs);
    this.#usage = new ThreadUsage();
    const sweeping = setInterval(() => this.#sweep(), sweepMs);
    this.#turnToDue();
    this.#finishIfOver();
    await this.#finished.promise;
    clearInterval(sweeping);
    alarm.onRing(() => {});
    const cpuShare = this.#cpuShare ?? this.#usage.share();
    const seconds = secondOf(schedule.dueMs(schedule.count - 1)) + 1;
    return record.close(seconds, cpuShare, this.#lastAnswerAtMs);
  }

  /**
   * Up to the instant at which it begins, however many become due meanwhile: answers must be read in between.
   */
  #turnToDue(): void {
    const { schedule, workers, startAtMs, record, alarm } = this.#parts;
    const sinceStartMs = performance.now() - startAtMs;
    for (; this.#next < schedule.count; this.#next += workers) {
      const dueMs = schedule.dueMs(this.#next);
      if (dueMs > sinceStartMs) {
        alarm.set(startAtMs + dueMs);
        return;
      }
      record.turnedTo(dueMs, performance.now() - startAtMs - dueMs);
      // Whoever waits already comes first.
      const line = this.#waiting.length === 0 ? this.#free.shift() : undefined;
      if (line !== undefined) this.#send(line, dueMs);
      else if (this.#waiting.length < waitingMax) this.#waiting.push(dueMs);
      else record.neverSent(dueMs);
    }
  }

  #send(line: Line, dueMs: number): void {
    const { requests, record } = this.#parts;
    const request = requests.next();
    this.#underWay += 1;
    record.sent(dueMs);
    line.send(request, (end) => this.#take(line, dueMs, request, end));
  }

  #take(line: Line, dueMs: number, request: MadeRequest, end: Answer | Failure): void {
    const { requests, record, startAtMs } = this.#parts;
    const latencyMs = performance.now() - startAtMs - dueMs;
    if (typeof end !== 'string') this.#lastAnswerAtMs = sharedNowMs();
    this.#underWay -= 1;
    record.ended(dueMs, latencyMs, request.action, end, requests.ended(request, end));
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#free.push(line);
    else this.#send(line, waiting);
    this.#turnToDue();
    this.#finishIfOver();
  }

  /** What takes too long is given up; so is, that long after the stage, what still waits for a line. */
  #sweep(): void {
    const { requestTimeoutMs, lines, record } = this.#parts;
    const nowMs = performance.now();
    if (nowMs > this.#endAtMs && this.#allTurnedTo && this.#cpuShare === undefined) this.#measureUsage();
    if (nowMs > this.#endAtMs + requestTimeoutMs && this.#allTurnedTo) {
      for (let dueMs = this.#waiting.shift(); dueMs !== undefined; dueMs = this.#waiting.shift()) {
        record.neverSent(dueMs);
      }
    }
    for (const line of lines) line.expire(nowMs - requestTimeoutMs);
    this.#turnToDue();
    this.#finishIfOver();
  }

  get #allTurnedTo(): boolean {
    return this.#next >= this.#parts.schedule.count;
  }

  /** While requests become due; waiting for the last answers would make it look idle. */
  #measureUsage(): void {
    if (this.#usage.elapsedMs >= cpuWindowMsMin) this.#cpuShare = this.#usage.share();
  }

  #finishIfOver(): void {
    if (this.#underWay > 0 || this.#waiting.length > 0 || !this.#allTurnedTo) return;
    if (performance.now() >= this.#endAtMs) this.#finished.resolve();
  }
}

/**
 * How busy this thread is: the larger of its CPU time and of the time in which its event loop had something
 * to do. The second also counts when it waited for a core, which makes it as late as computing would.
 */
class ThreadUsage {
  readonly #loop = threadPerformance.eventLoopUtilization();
  readonly #cpu = process.threadCpuUsage();
  readonly #sinceMs = performance.now();

  get elapsedMs(): number {
    return performance.now() - this.#sinceMs;
  }

  share(): number {
    const { user, system } = process.threadCpuUsage(this.#cpu);
    const loop = threadPerformance.eventLoopUtilization(this.#loop).utilization;
    return Math.min(1, Math.max(loop, (user + system) / 1_000 / this.elapsedMs));
  }
}

/** Sleeps until a little before it, then looks at the clock: a stage begins on all workers at once. */
async function untilMs(atMs: number): Promise<void> {
  const spinMs = 2;
  const leftMs = atMs - performance.now() - spinMs;
  if (leftMs > 0) await new Promise((resolve) => setTimeout(resolve, leftMs));
  while (performance.now() < atMs) await new Promise((resolve) => setImmediate(resolve));
}
