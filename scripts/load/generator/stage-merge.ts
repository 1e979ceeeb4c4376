/**
 * Puts together what the workers counted of one stage. It must add and never average: quantiles are told from
 * the merged counts.
 */
import { decodeFromCompressedBase64, type Histogram } from 'hdr-histogram-js';
import { endings } from '../result.ts';
import type { Action } from '../scenario.ts';
import { type GeneratorSecond, type StageOutcome, ticketsKeptMax } from './generator.ts';
import type { SecondTally, StagePart } from './messages.ts';
import { addInto, quantilesMs } from './second-counts.ts';
import { newHistogram, noEndings } from './stage-record.ts';

interface OpenRow {
  readonly tally: SecondTally;
  /** Workers whose part is still to come. */
  missing: number;
}

export class StageMerge {
  readonly #workers: number;
  readonly #onSecond: (row: GeneratorSecond) => void;
  readonly #open = new Map<number, OpenRow>();
  readonly #rows: GeneratorSecond[] = [];

  constructor(workers: number, onSecond: (row: GeneratorSecond) => void) {
    this.#workers = workers;
    this.#onSecond = onSecond;
  }

  /** A worker's part of a second; the row is complete with the last one. */
  addSecond(tally: SecondTally): void {
    const open = this.#open.get(tally.second);
    const merged = open === undefined ? tally : added(open.tally, tally);
    const missing = (open?.missing ?? this.#workers) - 1;
    if (missing > 0) {
      this.#open.set(tally.second, { tally: merged, missing });
      return;
    }
    this.#open.delete(tally.second);
    const row = rowOf(merged);
    this.#rows.push(row);
    this.#onSecond(row);
  }

  /** `startAtMs` is on the clock of the threads; so many milliseconds more make it an epoch time. */
  outcome(parts: readonly StagePart[], startAtMs: number, toEpochMs: number): StageOutcome {
    const sum = (count: (part: StagePart) => number) => parts.reduce((total, part) => total + count(part), 0);
    const actions = new Set(parts.flatMap(({ latencyByAction }) => [...latencyByAction.keys()]));
    const byAction = [...actions].map((action): [Action, Histogram] => {
      const encoded = parts.flatMap(({ latencyByAction }) => latencyByAction.get(action) ?? []);
      return [action, merged(encoded)];
    });
    const lastAnswers = parts.flatMap(({ lastAnswerAtMs }) => lastAnswerAtMs ?? []);
    const endingCounts = noEndings();
    for (const ending of endings) endingCounts[ending] = sum((part) => part.endings[ending]);
    return {
      seconds: this.#rows.toSorted((left, right) => left.second - right.second),
      latency: merged(parts.map(({ latency }) => latency)),
      latencyByAction: new Map(byAction),
      sendDelay: merged(parts.map(({ sendDelay }) => sendDelay)),
      endings: endingCounts,
      due: sum(({ due }) => due),
      sent: sum(({ sent }) => sent),
      notSent: sum(({ notSent }) => notSent),
      events: sum(({ events }) => events),
      ticketsOpened: sum(({ ticketsOpened }) => ticketsOpened),
      newTickets: parts.flatMap(({ newTickets }) => newTickets).slice(-ticketsKeptMax),
      generatorCpuShare: Math.max(...parts.map(({ cpuShare }) => cpuShare)),
      retryAfterMissing: sum(({ retryAfterMissing }) => retryAfterMissing),
      firstDueAtMs: startAtMs + toEpochMs,
      lastAnswerAtMs: Math.max(startAtMs, ...lastAnswers) + toEpochMs,
    };
  }
}

function added(to: SecondTally, tally: SecondTally): SecondTally {
  to.due += tally.due;
  to.sent += tally.sent;
  to.events += tally.events;
  to.ticketsOpened += tally.ticketsOpened;
  for (const ending of endings) to.endings[ending] += tally.endings[ending];
  addInto(to.latency, tally.latency);
  addInto(to.sendDelay, tally.sendDelay);
  return to;
}

function rowOf({ latency, sendDelay, ...counts }: SecondTally): GeneratorSecond {
  const [p50Ms = 0, p90Ms = 0, p99Ms = 0, maxMs = 0] = quantilesMs(latency, [0.5, 0.9, 0.99, 1]);
  const [sendDelayP99Ms = 0] = quantilesMs(sendDelay, [0.99]);
  return { ...counts, p50Ms, p90Ms, p99Ms, maxMs, sendDelayP99Ms };
}

function merged(encoded: readonly string[]): Histogram {
  const sum = newHistogram();
  for (const text of encoded) sum.add(decodeFromCompressedBase64(text));
  return sum;
}
