/**
 * What a stage came to, from what the generator counted: requests and answers per second over the stage
 * without its warm-up. Where requests waited longer and longer, the time they are divided by is stretched by
 * that wait, so that a server that falls behind is never shown as one that kept up.
 */
import { median } from '../statistics/robust.ts';
import type { StageOutcome } from './generator/generator.ts';
import { judgeValidity } from './generator/validity.ts';
import { secondsOf } from './order.ts';
import { emptyHistogram, quantilesOf } from './quantiles.ts';
import type { SecondRow, StageResult } from './result.ts';
import type { Stage } from './scenario.ts';

/** A burst at one instant has no length; its rates are those of one second. */
const secondsLeast = 1;

export interface StagePlace {
  readonly index: number;
  readonly stage: Stage;
  readonly users: number;
  readonly sweep: string | undefined;
  readonly warmSeconds: number;
  /** Seconds since the run began. */
  readonly fromSecond: number;
}

/** From the first request after the warm-up to the last answer, in epoch milliseconds. */
export interface StageWindow {
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * A burst lasts until its last answer. Any other stage ends when its last requests were due, and later by
 * how much longer they typically waited than its first: what was waiting at the end. (By the last answer of
 * all, a single slow one would make a stage look half missed.)
 */
export function windowOf({ stage, warmSeconds }: StagePlace, outcome: StageOutcome): StageWindow {
  const fromMs = outcome.firstDueAtMs + warmSeconds * 1_000;
  const leastMs = fromMs + secondsLeast * 1_000;
  if (stage.shape === 'burst') return { fromMs, toMs: Math.max(leastMs, outcome.lastAnswerAtMs) };
  const endMs = outcome.firstDueAtMs + stage.seconds * 1_000;
  return { fromMs, toMs: Math.max(leastMs, endMs + fellBehindMs(outcome, warmSeconds)) };
}

/** By which the typical wait grew from the beginning to the end, on a line through first and last quarter. */
function fellBehindMs({ seconds }: StageOutcome, warmSeconds: number): number {
  const rows = seconds.filter(({ second, sent }) => second >= warmSeconds && sent > 0);
  if (rows.length < 2) return 0;
  const quarter = Math.max(1, Math.floor(rows.length / 4));
  const typicalMs = (part: typeof rows) => median(part.map(({ p50Ms }) => p50Ms));
  const grownMs = typicalMs(rows.slice(-quarter)) - typicalMs(rows.slice(0, quarter));
  return Math.max(0, (grownMs * rows.length) / (rows.length - quarter));
}

/** `transitionsPerSecond` is what the answers say, until the log has been counted. */
export function stageResult(place: StagePlace, outcome: StageOutcome): StageResult {
  const { index, stage, users, sweep, warmSeconds, fromSecond } = place;
  const window = windowOf(place, outcome);
  const tookSeconds = (window.toMs - window.fromMs) / 1_000;
  const dueSeconds = Math.max(secondsLeast, secondsOf(stage) - warmSeconds);
  const rows = outcome.seconds.filter(({ second }) => second >= warmSeconds);
  return {
    index,
    name: stage.name,
    role: stage.role,
    users,
    sweep,
    fromSecond,
    toSecond: fromSecond + Math.max(secondsOf(stage), (window.toMs - outcome.firstDueAtMs) / 1_000),
    offeredPerSecond: outcome.due / dueSeconds,
    achievedPerSecond: outcome.endings.succeeded / tookSeconds,
    transitionsPerSecond: sum(rows, 'events') / tookSeconds,
    ticketsPerSecond: sum(rows, 'ticketsOpened') / tookSeconds,
    latency: quantilesOf(outcome.latency),
    sendDelay: quantilesOf(outcome.sendDelay),
    endings: outcome.endings,
    notSent: outcome.notSent,
    validity: validityOf(stage, outcome),
  };
}

function validityOf(stage: Stage, outcome: StageOutcome): StageResult['validity'] {
  const { latency, sendDelay } = outcome;
  const atOnce = stage.shape === 'burst' && stage.withinSeconds === 0;
  const none = emptyHistogram();
  const evidence = atOnce
    ? { ...outcome, latency: none, sendDelay: none, bursts: { latency, sendDelay } }
    : outcome;
  const { valid, reasons, generatorCpuShare } = judgeValidity(evidence);
  return { valid, reasons, generatorCpuShare };
}

function sum(rows: StageOutcome['seconds'], of: 'events' | 'ticketsOpened'): number {
  return rows.reduce((total, row) => total + row[of], 0);
}

/** The stage's rows on the clock of the run. */
export function rowsOf({ index, fromSecond }: StagePlace, outcome: StageOutcome): readonly SecondRow[] {
  return outcome.seconds.map((row) => ({
    ...row,
    second: Math.floor(fromSecond) + row.second,
    stage: index,
  }));
}
