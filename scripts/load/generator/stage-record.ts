/**
 * Everything that one worker counts in one stage: by second for the rows, and over the stage, without its
 * warm-up, in histograms. A second is handed on as soon as it is over and all its requests have ended.
 * It must not grow with the number of requests: only seconds with requests under way are kept.
 */
import { build, encodeIntoCompressedBase64, type Histogram } from 'hdr-histogram-js';
import type { Ending } from '../result.ts';
import type { Action } from '../scenario.ts';
import { ticketsKeptMax } from './generator.ts';
import type { SecondTally, StagePart } from './messages.ts';
import type { Acknowledged } from './requests.ts';
import { countInto } from './second-counts.ts';
import type { Answer, Failure } from './transport.ts';

/** Longer latencies count as this: two hours, in microseconds. */
const microsMax = 7_200_000_000;

export function newHistogram(): Histogram {
  return build({
    // A week at full rate puts more into one bucket than 32 bits hold.
    bitBucketSize: 64,
    autoResize: false,
    highestTrackableValue: microsMax,
    numberOfSignificantValueDigits: 3,
  });
}

export function noEndings(): Record<Ending, number> {
  return {
    succeeded: 0,
    throttled: 0,
    overloaded: 0,
    refused: 0,
    failed: 0,
    reset: 0,
    timed_out: 0,
    not_connected: 0,
  };
}

/** See `Ending` in result.ts. */
export function endingOf(end: Answer | Failure): Ending {
  if (typeof end === 'string') return end;
  if (end.status < 400) return 'succeeded';
  if (end.status === 429) return 'throttled';
  if (end.status === 503) return 'overloaded';
  return end.status < 500 ? 'refused' : 'failed';
}

interface OpenSecond extends SecondTally {
  unfinished: number;
}

export class StageRecord {
  readonly #warmMs: number;
  readonly #onSecond: (tally: SecondTally) => void;
  readonly #open = new Map<number, OpenSecond>();
  /** The second in which requests are becoming due now; those before it get no more. */
  #current = 0;
  readonly #latency = newHistogram();
  readonly #sendDelay = newHistogram();
  readonly #byAction = new Map<Action, Histogram>();
  readonly #endings = noEndings();
  #due = 0;
  #sent = 0;
  #notSent = 0;
  #events = 0;
  #ticketsOpened = 0;
  #newTickets: string[] = [];
  #retryAfterMissing = 0;

  constructor(warmSeconds: number, onSecond: (tally: SecondTally) => void) {
    this.#warmMs = warmSeconds * 1_000;
    this.#onSecond = onSecond;
  }

  /** A request became due, and the sender turned to it so much later. Requests come in order. */
  turnedTo(dueMs: number, lateMs: number): void {
    const second = secondOf(dueMs);
    this.#closeBefore(second);
    const row = this.#rowOf(second);
    const micros = microsOf(lateMs);
    row.due += 1;
    row.unfinished += 1;
    countInto(row.sendDelay, micros);
    if (dueMs < this.#warmMs) return;
    this.#due += 1;
    this.#sendDelay.recordValue(micros);
  }

  sent(dueMs: number): void {
    this.#rowOf(secondOf(dueMs)).sent += 1;
    if (dueMs >= this.#warmMs) this.#sent += 1;
  }

  neverSent(dueMs: number): void {
    if (dueMs >= this.#warmMs) this.#notSent += 1;
    this.#finishOne(this.#rowOf(secondOf(dueMs)));
  }

  ended(dueMs: number, latencyMs: number, action: Action, end: Answer | Failure, got: Acknowledged): void {
    const row = this.#rowOf(secondOf(dueMs));
    const ending = endingOf(end);
    row.endings[ending] += 1;
    this.#acknowledge(row, got);
    const timed = typeof end !== 'string' || end === 'timed_out';
    const micros = microsOf(latencyMs);
    if (timed) countInto(row.latency, micros);
    if (dueMs >= this.#warmMs) {
      this.#endings[ending] += 1;
      if (timed) this.#recordLatency(action, micros);
      if ((ending === 'throttled' || ending === 'overloaded') && typeof end !== 'string' && !end.retryAfter) {
        this.#retryAfterMissing += 1;
      }
    }
    this.#finishOne(row);
  }

  /** All requests have ended; hands on the rows that are left, `seconds` in all. */
  close(seconds: number, cpuShare: number, lastAnswerAtMs: number | undefined): StagePart {
    this.#closeBefore(seconds);
    if (this.#open.size > 0) throw new Error('bug: a stage was closed with requests under way');
    return {
      latency: encodeIntoCompressedBase64(this.#latency),
      sendDelay: encodeIntoCompressedBase64(this.#sendDelay),
      latencyByAction: new Map(
        [...this.#byAction].map(([action, histogram]) => [action, encodeIntoCompressedBase64(histogram)]),
      ),
      endings: this.#endings,
      due: this.#due,
      sent: this.#sent,
      notSent: this.#notSent,
      events: this.#events,
      ticketsOpened: this.#ticketsOpened,
      newTickets: this.#newTickets.slice(-ticketsKeptMax),
      cpuShare,
      retryAfterMissing: this.#retryAfterMissing,
      lastAnswerAtMs,
    };
  }

  #acknowledge(row: OpenSecond, { events, ticketOpened }: Acknowledged): void {
    row.events += events;
    this.#events += events;
    if (ticketOpened === undefined) return;
    row.ticketsOpened += 1;
    this.#ticketsOpened += 1;
    this.#newTickets.push(ticketOpened);
    // In strokes, because moving them all for each one would be dear.
    if (this.#newTickets.length >= 2 * ticketsKeptMax)
      this.#newTickets = this.#newTickets.slice(-ticketsKeptMax);
  }

  #recordLatency(action: Action, micros: number): void {
    this.#latency.recordValue(micros);
    let histogram = this.#byAction.get(action);
    if (histogram === undefined) {
      histogram = newHistogram();
      this.#byAction.set(action, histogram);
    }
    histogram.recordValue(micros);
  }

  #rowOf(second: number): OpenSecond {
    let row = this.#open.get(second);
    if (row === undefined) {
      row = {
        second,
        due: 0,
        sent: 0,
        endings: noEndings(),
        events: 0,
        ticketsOpened: 0,
        latency: new Map(),
        sendDelay: new Map(),
        unfinished: 0,
      };
      this.#open.set(second, row);
    }
    return row;
  }

  #finishOne(row: OpenSecond): void {
    row.unfinished -= 1;
    if (row.unfinished === 0 && row.second < this.#current) this.#handOn(row);
  }

  /** Seconds before this one get no more requests; one in which none was due has a row all the same. */
  #closeBefore(second: number): void {
    for (; this.#current < second; this.#current += 1) {
      const row = this.#rowOf(this.#current);
      if (row.unfinished === 0) this.#handOn(row);
    }
  }

  #handOn({ unfinished: _, ...tally }: OpenSecond): void {
    this.#open.delete(tally.second);
    this.#onSecond(tally);
  }
}

export function secondOf(dueMs: number): number {
  return Math.floor(dueMs / 1_000);
}

function microsOf(ms: number): number {
  return Math.min(microsMax, Math.max(0, Math.round(ms * 1_000)));
}
