/**
 * How long a surge is felt: from its end until latency and the lag of the read models are back in the band in
 * which they were before, and stay there. One quiet second in the middle of trouble must not count as over;
 * nor does one bad second make trouble: a second's p99 is made by its slowest request or two, and leaves its
 * band now and then where all is well. The band is the median and three deviations (MAD), for eight seconds
 * of ten: Docket's own rule; and the time until the backlog is gone, as OpenMessaging Benchmark tells it.
 */
import { mad, median } from '../../statistics/robust.ts';
import type { Measured, RecoveryAnalysis, ResourceRow, SecondRow, StageResult } from '../result.ts';
import type { Scenario } from '../scenario.ts';
import { ended, errorShare, known, resourcesIn, secondsIn } from './rows.ts';

type Watched = Pick<Measured, 'scenario' | 'stages' | 'seconds' | 'resources'>;

const deviations = 3;
/** As many seconds are looked at together, of which so many may be out of the band, but not the first. */
const quietSeconds = 10;
const loudSecondsMax = 2;
/**
 * A deviation of 0 would make a band without width, and a millisecond more would be trouble. One counts as a
 * twentieth of the median p99, but at least 1 ms; and as what is committed in a twentieth of a second, but at
 * least 5 events: less than that no look at the projector can tell from a batch that is under way.
 */
const floors = { share: 0.05, ms: 1, lagSeconds: 0.05, events: 5 };

/**
 * Undefined where nothing surged, there is nothing to compare with, or it was watched for under ten seconds.
 * What is compared with is the `before` stage, or the first step of a ladder; the surge ends with the last
 * `surge`, or with the last step.
 */
export function recoveryOf(watched: Watched): RecoveryAnalysis | undefined {
  const { stages, seconds, resources } = watched;
  const before = stages.find(({ role }) => role === 'before') ?? stages.find(({ role }) => role === 'step');
  const surge =
    stages.findLast(({ role }) => role === 'surge') ??
    (stages.some(({ role }) => role === 'after')
      ? stages.findLast(({ role }) => role === 'step')
      : undefined);
  if (before === undefined || surge === undefined || before === surge) return undefined;
  const band = bandOf(before, watched);
  if (band === undefined) return undefined;
  const end = endOf(surge, watched.scenario);
  const next = stages.find(({ index, role }) => index > surge.index && role !== 'after');
  const until = next?.fromSecond ?? Number.POSITIVE_INFINITY;
  const rows = seconds.filter(({ second }) => second >= Math.floor(end) && second < until);
  const looks = resources.filter(({ second }) => second >= end && second < until);
  const isQuiet = quietBy(band, looks, watched.scenario.objective.errorShareMax);
  const answered = rows.filter(wasAnswered);
  // Nobody watched for long enough to see a recovery, however fast it was.
  if (answered.length < quietSeconds) return undefined;
  const quietFrom = firstQuiet(answered, isQuiet)?.second;
  return {
    seconds: quietFrom === undefined ? undefined : Math.max(0, quietFrom - end),
    drainSeconds: drainOf(looks, band, end),
    band,
  };
}

/** When its last request was due: a stage lasts on until its last answer, which is part of the recovery. */
function endOf({ name, fromSecond, toSecond }: StageResult, { stages, ladder }: Scenario): number {
  const planned = stages.find((stage) => stage.name === name);
  const length = planned?.shape === 'burst' ? planned.withinSeconds : planned?.seconds;
  return Math.min(toSecond, fromSecond + (length ?? ladder?.secondsEach ?? toSecond - fromSecond));
}

function bandOf(before: StageResult, { seconds, resources }: Watched): RecoveryAnalysis['band'] | undefined {
  const p99s = secondsIn(seconds, [before])
    .filter(wasAnswered)
    .map(({ p99Ms }) => p99Ms);
  if (p99s.length === 0) return undefined;
  const lags = known(resourcesIn(resources, before).map(({ lagEvents }) => lagEvents));
  const p99Floor = Math.max(floors.ms, floors.share * median(p99s));
  const lagFloor = Math.max(floors.events, floors.lagSeconds * before.transitionsPerSecond);
  return {
    p99MsMax: top(p99s, p99Floor),
    lagEventsMax: lags.length === 0 ? undefined : top(lags, lagFloor),
  };
}

function top(values: readonly number[], floor: number): number {
  return median(values) + deviations * Math.max(mad(values), floor);
}

/** A second in which nothing was asked tells nothing of latency. */
function wasAnswered({ endings }: SecondRow): boolean {
  return ended(endings) > 0;
}

function quietBy(
  { p99MsMax, lagEventsMax }: RecoveryAnalysis['band'],
  looks: readonly ResourceRow[],
  errorShareMax: number,
): (row: SecondRow) => boolean {
  const lagBySecond = new Map(looks.map(({ second, lagEvents }) => [Math.floor(second), lagEvents]));
  return ({ second, p99Ms, endings }) => {
    // A refusal is fast, and still no sign of health.
    if (p99Ms > p99MsMax || errorShare(endings) > errorShareMax) return false;
    return lagEventsMax === undefined || (lagBySecond.get(second) ?? 0) <= lagEventsMax;
  };
}

/** The row that the first quiet ten begin with; a look that failed in between says nothing against them. */
function firstQuiet(rows: readonly SecondRow[], isQuiet: (row: SecondRow) => boolean): SecondRow | undefined {
  const quiet = rows.map(isQuiet);
  const from = quiet.findIndex((begins, index) => {
    const together = quiet.slice(index, index + quietSeconds);
    const loud = together.filter((each) => !each).length;
    return begins && together.length === quietSeconds && loud <= loudSecondsMax;
  });
  return rows[from];
}

function drainOf(
  looks: readonly ResourceRow[],
  { lagEventsMax }: RecoveryAnalysis['band'],
  end: number,
): number | undefined {
  if (lagEventsMax === undefined) return undefined;
  const drained = looks.find(({ lagEvents }) => lagEvents !== undefined && lagEvents <= lagEventsMax);
  return drained === undefined ? undefined : drained.second - end;
}
