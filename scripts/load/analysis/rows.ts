/**
 * What the analyses ask of stages and rows again and again. It must never fill in what was not measured: what
 * is not there is left out.
 */
import type { EndingCounts, ResourceRow, SecondRow, StageResult } from '../result.ts';

/** Requests that ended, however. */
export function ended(endings: EndingCounts): number {
  return Object.values(endings).reduce((sum, count) => sum + count, 0);
}

/** Share of the ended requests that did not succeed; 0 where none ended. */
export function errorShare(endings: EndingCounts): number {
  const all = ended(endings);
  return all === 0 ? 0 : (all - endings.succeeded) / all;
}

/** The most frequent way not to succeed, such as 'throttled', with its count; undefined without errors. */
export function mainError(endings: EndingCounts): { ending: string; count: number } | undefined {
  const [worst] = Object.entries(endings)
    .filter(([ending, count]) => ending !== 'succeeded' && count > 0)
    .sort(([, one], [, other]) => other - one);
  return worst === undefined ? undefined : { ending: worst[0].replaceAll('_', ' '), count: worst[1] };
}

export function resourcesIn(
  resources: readonly ResourceRow[],
  { fromSecond, toSecond }: Pick<StageResult, 'fromSecond' | 'toSecond'>,
): readonly ResourceRow[] {
  return resources.filter(({ second }) => second >= fromSecond && second < toSecond);
}

export function secondsIn(
  seconds: readonly SecondRow[],
  stages: readonly Pick<StageResult, 'index'>[],
): readonly SecondRow[] {
  const indexes = new Set(stages.map(({ index }) => index));
  return seconds.filter(({ stage }) => indexes.has(stage));
}

export function known(values: readonly (number | undefined)[]): readonly number[] {
  return values.filter((value) => value !== undefined);
}

/** Undefined of nothing. */
export function mean(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The stage's name, and what a sweep set for it: names alone come again with each value of a sweep. */
export function stageTitle({ name, sweep }: StageResult): string {
  return sweep === undefined ? name : `${name}, ${sweep}`;
}
