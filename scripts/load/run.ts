/**
 * One load test from its scenario to its result. It measures first and judges afterwards, from what was
 * measured alone; what could not be measured is said, and what can not be run is not run.
 */
import { analyse, summarise } from './analysis/analyse.ts';
import { capacityOf, keepsObjective } from './analysis/capacity.ts';
import { machineConditions } from './conditions.ts';
import { Generator } from './generator/generator.ts';
import { type GivenServer, openGivenPlace } from './given-place.ts';
import { kpisOf } from './kpis.ts';
import { notRun, reasonNotToRun } from './not-run.ts';
import { changedBy, type PlaceOrder, placesOf, type Wishes } from './order.ts';
import { openOwnPlace } from './own-place.ts';
import type { Place } from './place.ts';
import {
  type Keeps,
  type PlayContext,
  type PlayedPlace,
  type PlayedStage,
  type PlayProgress,
  playPlace,
} from './play.ts';
import { beforeOthers } from './priority.ts';
import { cores, memoryAllocation } from './processes.ts';
import { encoded, merged, quantileChart, quantilesOf } from './quantiles.ts';
import type { LoadResult, Measured } from './result.ts';
import {
  countedStages,
  countingOfRun,
  judgedStages,
  kpiFacts,
  latencyByAction,
  validityOfRun,
} from './run-figures.ts';
import type { Scenario } from './scenario.ts';
import { SecondOpinion, secondMethodKpis } from './second-opinion.ts';
import { verdictOf } from './verdict.ts';

/** From when a request is sent until it is given up: five times what a response may take. */
const requestTimeoutMs = 10_000;

export interface RunSettings {
  readonly wishes: Wishes;
  /** A server that runs already; undefined: servers of our own. */
  readonly given: GivenServer | undefined;
  readonly seed: number;
  readonly workers: number;
  /** Bytes that Docket and its PostgreSQL may use; undefined: what the machine, or its control group, has. */
  readonly memoryAllocation: number | undefined;
  readonly preloadFrom: string | undefined;
  /** Whether another tool is asked as well what the servers bear, after a ladder. */
  readonly secondMethod: boolean;
  readonly signal: AbortSignal;
  readonly progress: RunProgress;
}

/** Told what goes on, for whoever watches. */
export interface RunProgress extends PlayProgress {
  note(line: string): void;
}

/** Throws what kept it from running at all; a server that misses its KPIs is a result. */
export async function runScenario(original: Scenario, settings: RunSettings): Promise<LoadResult> {
  const startedAt = new Date();
  const { scenario, changed } = changedBy(original, settings.wishes);
  const why = reasonNotToRun(scenario, settings.given !== undefined);
  if (why !== undefined) return notRun(scenario, { why, changed, startedAt });
  const machine = machineConditions();
  using priority = beforeOthers();
  const keeps: Keeps = (stage, resources) => keepsObjective(stage, scenario.objective, resources);
  const second = new SecondOpinion(scenario, settings);
  const places = await playAll(scenario, settings, { startedAt, keeps, second });
  const judged = judgedStages(places, keeps);
  const memory = allocation(settings);
  const measured: Measured = {
    scenario,
    stages: countedStages(places.flatMap(({ stages }) => stages)),
    seconds: places.flatMap(({ stages }) => stages.flatMap(({ rows }) => rows)),
    resources: places.flatMap(({ resources }) => resources),
    validity: validityOfRun(places, judged),
    conditions: { ...machine, ...conditionsOf(places, settings), priority: priority.words },
    memoryAllocation: memory.bytes,
    cores,
  };
  return judge({ measured, places, judged, memory, second, changed, startedAt });
}

interface Run {
  readonly measured: Measured;
  readonly places: readonly PlayedPlace[];
  readonly judged: readonly PlayedStage[];
  readonly memory: { readonly bytes: number; readonly of: string };
  readonly second: SecondOpinion;
  readonly changed: string | undefined;
  readonly startedAt: Date;
}

function judge({ measured, places, judged, memory, second, changed, startedAt }: Run): LoadResult {
  const { scenario, validity } = measured;
  const analyses = analyse(measured);
  const facts = kpiFacts({ scenario, places, judged, memory, recovery: analyses.recovery });
  // A closed loop does not ask whether read models keep up, so it is compared with what was answered alone.
  const secondMethod = second.result(capacityOf(measured.stages, scenario.objective));
  const kpis = [...kpisOf(scenario.kpis, facts), ...secondMethodKpis(secondMethod)];
  const counting = countingOfRun(places, judged);
  const latency = merged(judged.map(({ outcome }) => outcome.latency));
  return {
    ...measured,
    schema: 'docket-load/1',
    startedAt: startedAt.toISOString(),
    finishedAt: new Date().toISOString(),
    changed,
    ...verdictOf({ validity, kpis, counting }),
    latency: { ...quantilesOf(latency), histogram: encoded(latency) },
    latencyByAction: latencyByAction(judged),
    quantileChart: quantileChart(latency),
    counting,
    kpis,
    analyses,
    secondMethod,
    summary: summarise(measured, analyses),
  };
}

async function playAll(
  scenario: Scenario,
  settings: RunSettings,
  run: { readonly startedAt: Date; readonly keeps: Keeps; readonly second: SecondOpinion },
): Promise<readonly PlayedPlace[]> {
  const { seed, workers, signal, progress } = settings;
  const context: PlayContext = {
    scenario,
    seed,
    workers,
    requestTimeoutMs,
    startGenerator: (plan) => Generator.start(plan),
    keeps: run.keeps,
    runStartedAtMs: run.startedAt.getTime(),
    signal,
    progress,
    beside: run.second.isWanted ? (steps) => run.second.ask(steps) : undefined,
  };
  const played: PlayedPlace[] = [];
  for (const order of placesOf(scenario)) {
    signal.throwIfAborted();
    const stagesBefore = played.reduce((sum, { stages }) => sum + stages.length, 0);
    const place = await openPlace(scenario, order, settings);
    try {
      played.push(await playPlace(place, order, stagesBefore, context));
    } finally {
      await place.close();
    }
  }
  return played;
}

function openPlace(scenario: Scenario, order: PlaceOrder, settings: RunSettings): Promise<Place> {
  const { given, preloadFrom, signal, progress } = settings;
  if (given !== undefined) return openGivenPlace(given);
  const onNote = (line: string) => progress.note(line);
  return openOwnPlace({ scenario, ...order, preloadFrom, signal, onNote });
}

function allocation({ memoryAllocation: asked }: RunSettings): Run['memory'] {
  return asked === undefined ? memoryAllocation() : { bytes: asked, of: 'what --memory-allocation says' };
}

/** Of all places: what differs between them is told with each value. */
function conditionsOf(
  places: readonly PlayedPlace[],
  { seed, workers }: RunSettings,
): Readonly<Record<string, string>> {
  const told = new Map<string, Set<string>>();
  const tell = (name: string, text: string) => told.set(name, (told.get(name) ?? new Set()).add(text));
  for (const { conditions, ladderEnded, caughtUp } of places) {
    for (const [name, text] of Object.entries(conditions)) tell(name, text);
    if (ladderEnded !== undefined) tell('ladder', ladderEnded);
    if (!caughtUp) tell('read models', 'had not caught up with the log when they were last looked at');
  }
  tell('generator', `${workers} worker${workers === 1 ? '' : 's'} on this machine, seed ${seed}`);
  return Object.fromEntries([...told].map(([name, texts]) => [name, [...texts].join(' | ')]));
}
