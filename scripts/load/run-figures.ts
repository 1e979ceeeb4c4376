/**
 * What all places of a run came to together. A run is judged by the stages that it measures; where it has
 * none, by what it can be held to: the steps of a ladder that kept the objective, and what is before, in and
 * after a surge. A step that broke the server on purpose is nobody's failure, and one that was too much for
 * the generator itself takes nothing away from those below it.
 */
import { countingOf } from './counting.ts';
import { quantileBetween } from './exporter.ts';
import { judgeValidity } from './generator/validity.ts';
import type { DatabaseFacts, KpiFacts } from './kpis.ts';
import type { Keeps, PlayedPlace, PlayedStage } from './play.ts';
import { merged, quantilesOf } from './quantiles.ts';
import type { Counting, LoadResult, RecoveryAnalysis, ResourceRow, StageResult, Validity } from './result.ts';
import type { Action, Scenario } from './scenario.ts';

/** Stages that KPIs, validity and the figures of the whole run are about. */
export function judgedStages(places: readonly PlayedPlace[], keeps: Keeps): readonly PlayedStage[] {
  const stages = places.flatMap((place) => place.stages);
  const resources = places.flatMap((place) => place.resources);
  const measured = stages.filter(({ at }) => at.stage.role === 'measured');
  if (measured.length > 0) return measured;
  const isLadder = stages.some(isStep);
  return stages.filter((stage) => {
    if (isStep(stage)) return keeps(stage.result, resources).keeps;
    return stage.at.stage.role !== 'warm' && (!isLadder || stage.result.validity.valid);
  });
}

function isStep({ at }: PlayedStage): boolean {
  return at.stage.role === 'step';
}

/**
 * Over the judged stages together. A ladder's have each been found valid by themselves; it is invalid where
 * the generator was too late for any step to be judged.
 */
export function validityOfRun(places: readonly PlayedPlace[], judged: readonly PlayedStage[]): Validity {
  const whole = judgedTogether(judged);
  const steps = places.flatMap(({ stages }) => stages).filter(isStep);
  if (steps.length === 0 || judged.some(({ at }) => at.stage.role === 'measured')) return whole;
  if (judged.some(isStep)) return { ...whole, valid: true, reasons: [] };
  const late = steps.find(({ result }) => !result.validity.valid);
  return late === undefined ? whole : { ...whole, valid: false, reasons: late.result.validity.reasons };
}

function judgedTogether(judged: readonly PlayedStage[]): Validity {
  const sum = (of: 'due' | 'sent' | 'notSent') => sumOver(judged, ({ outcome }) => outcome[of]);
  return judgeValidity({
    latency: merged(judged.map(({ outcome }) => outcome.latency)),
    sendDelay: merged(judged.map(({ outcome }) => outcome.sendDelay)),
    generatorCpuShare: Math.max(0, ...judged.map(({ outcome }) => outcome.generatorCpuShare)),
    due: sum('due'),
    sent: sum('sent'),
    notSent: sum('notSent'),
  });
}

/** The stages with the log's own count in place of what answers said. */
export function countedStages(stages: readonly PlayedStage[]): readonly StageResult[] {
  return stages.map(({ result, window, logged }) => ({
    ...result,
    transitionsPerSecond: (logged * 1_000) / (window.toMs - window.fromMs),
  }));
}

export function countingOfRun(places: readonly PlayedPlace[], judged: readonly PlayedStage[]): Counting {
  const total = (of: 'logBefore' | 'logAfter' | 'acknowledged' | 'answersLost') =>
    places.reduce((sum, place) => sum + place[of], 0);
  const all = {
    logBefore: total('logBefore'),
    logAfter: total('logAfter'),
    acknowledged: total('acknowledged'),
    answersLost: total('answersLost'),
    measuredEvents: judged.reduce((sum, { logged }) => sum + logged, 0),
    measuredSeconds: secondsOfWindows(judged),
  };
  // Each log on its own: what one has too few of, another must not make up for.
  const each = places.map((place) => countingOf({ ...all, ...place }));
  return { ...countingOf(all), equal: each.every(({ equal }) => equal) };
}

export function secondsOfWindows(stages: readonly PlayedStage[]): number {
  return stages.reduce((sum, { window }) => sum + (window.toMs - window.fromMs) / 1_000, 0);
}

/** Latency of all judged requests by what they asked for. */
export function latencyByAction(judged: readonly PlayedStage[]): LoadResult['latencyByAction'] {
  const actions = new Set(judged.flatMap(({ outcome }) => [...outcome.latencyByAction.keys()]));
  return Object.fromEntries(
    [...actions].map((action) => {
      const histograms = judged.flatMap(({ outcome }) => outcome.latencyByAction.get(action) ?? []);
      return [action, quantilesOf(merged(histograms))];
    }),
  );
}

export interface RunFigures {
  readonly scenario: Scenario;
  readonly places: readonly PlayedPlace[];
  readonly judged: readonly PlayedStage[];
  readonly memory: { readonly bytes: number; readonly of: string };
  readonly recovery: RecoveryAnalysis | undefined;
}

export function kpiFacts({ scenario, places, judged, memory, recovery }: RunFigures): KpiFacts {
  const tookSeconds = secondsOfWindows(judged);
  const ticketsOpened = sumOver(judged, ({ at, rows }) => {
    const warmUntil = Math.floor(at.fromSecond) + at.warmSeconds;
    return sumOver(rows, ({ second, ticketsOpened: opened }) => (second >= warmUntil ? opened : 0));
  });
  const succeeded = sumOver(judged, ({ outcome }) => outcome.endings.succeeded);
  const resources = places.flatMap((place) => place.resources);
  return {
    latency: quantilesOf(merged(judged.map(({ outcome }) => outcome.latency))),
    ticketsOpened,
    ticketsPerSecond: tookSeconds === 0 ? 0 : ticketsOpened / tookSeconds,
    tookSeconds,
    due: sumOver(judged, ({ outcome }) => outcome.due),
    sent: sumOver(judged, ({ outcome }) => outcome.sent),
    succeeded,
    errorShareMax: scenario.objective.errorShareMax,
    throttled: sumOver(judged, ({ outcome }) => outcome.endings.throttled),
    admittedPerSecond: tookSeconds === 0 ? 0 : succeeded / tookSeconds,
    retryAfterMissing: sumOver(judged, ({ outcome }) => outcome.retryAfterMissing),
    resources: resources.filter((row) => judged.some((stage) => isDuring(row, stage))),
    memoryAllocation: memory.bytes,
    memoryAllocationOf: memory.of,
    databaseP99Seconds: worst(places.map((place) => databaseP99(place, judged))),
    probes: resources,
    database: databaseFacts(scenario, places, judged),
    recovery,
  };
}

function isDuring({ second }: ResourceRow, { result }: PlayedStage): boolean {
  return second >= result.fromSecond && second <= result.toSecond + 1;
}

/** Over the judged stages of a place, in seconds. */
function databaseP99(place: PlayedPlace, judged: readonly PlayedStage[]): number | undefined {
  const own = judged.filter((stage) => place.stages.includes(stage)).map(({ result }) => result);
  const [first, last] = [own.at(0), own.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const before = place.databaseLooks.findLast(({ second }) => second <= first.fromSecond);
  const after =
    place.databaseLooks.find(({ second }) => second >= last.toSecond) ?? place.databaseLooks.at(-1);
  return after === undefined ? undefined : quantileBetween(before?.buckets ?? [], after.buckets, 0.99);
}

/** Those that read from PostgreSQL, and those whose event the projector writes there. */
const databaseActions: readonly Action[] = ['list', 'search', 'open', 'comment', 'advance'];

function databaseFacts(
  scenario: Scenario,
  places: readonly PlayedPlace[],
  judged: readonly PlayedStage[],
): DatabaseFacts {
  const asked = sumOver(judged, ({ outcome }) =>
    sumOver(databaseActions, (action) => outcome.latencyByAction.get(action)?.totalCount ?? 0),
  );
  // Of answers that were none it is not known which they were for, so all are taken off.
  const inVain = sumOver(judged, ({ outcome: { endings } }) =>
    sumOver(
      [endings.throttled, endings.overloaded, endings.refused, endings.failed, endings.timed_out],
      (count) => count,
    ),
  );
  const counted = places.map(({ rows, logAfter, caughtUp }) => {
    if (rows === undefined) return undefined;
    const { events, parked } = rows;
    const text = `${events.toLocaleString('en')} of ${logAfter.toLocaleString('en')} events are rows in PostgreSQL`;
    return { all: caughtUp && parked === 0 && events === logAfter, text };
  });
  const known = counted.filter((each) => each !== undefined);
  const actions = scenario.mix.map(({ action }) => action).filter((each) => databaseActions.includes(each));
  const words = `${actions.join(', ')}, counted by their answers`;
  return {
    operations: Math.max(0, asked - inVain),
    allVisible: known.length < places.length ? undefined : known.every(({ all }) => all),
    counted:
      known.length < places.length
        ? `${words}; rows were not counted, as the database is not known here`
        : [words, ...known.map(({ text }) => text)].join('; '),
  };
}

function worst(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}

function sumOver<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((sum, item) => sum + of(item), 0);
}
