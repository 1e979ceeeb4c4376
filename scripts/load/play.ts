/**
 * Plays a scenario on servers that run: opens the tickets that it needs, has the generator play its stages
 * and its ladder, looks at resources meanwhile, waits until the read models hold everything, and counts the
 * log. It must never start a stage before the last one's answers are in, or windows would share events.
 */
import type { Judged } from './analysis/capacity.ts';
import { Beside, type BesideSteps } from './beside-steps.ts';
import { eventsIn } from './counting.ts';
import type { Generator, GeneratorPlan, GeneratorSecond, StageOutcome } from './generator/generator.ts';
import { type Climbing, climb } from './ladder.ts';
import { openTickets } from './open-tickets.ts';
import { type PlaceOrder, type RoundOrder, secondsOf, stageIn } from './order.ts';
import type { Place } from './place.ts';
import { caughtUp } from './read-models-under-test.ts';
import { type DatabaseLook, ResourceWatch } from './resources.ts';
import type { ResourceRow, SecondRow, StageResult } from './result.ts';
import type { Scenario, Stage } from './scenario.ts';
import { rowsOf, type StagePlace, type StageWindow, stageResult, windowOf } from './stage-figures.ts';

/** After the last answer, for the projector: at 20,000 events a second, four million of them. */
const catchUpMsMax = 200_000;

/** Whether a stage kept the objective, by itself and by what was seen of resources meanwhile. */
export type Keeps = (stage: StageResult, resources: readonly ResourceRow[]) => Judged;

export interface PlayContext {
  readonly scenario: Scenario;
  readonly seed: number;
  readonly workers: number;
  readonly requestTimeoutMs: number;
  readonly startGenerator: (plan: GeneratorPlan) => Promise<Pick<Generator, 'run' | 'stop'>>;
  readonly keeps: Keeps;
  /** Epoch milliseconds; seconds of the run are counted from it. */
  readonly runStartedAtMs: number;
  readonly signal: AbortSignal;
  readonly progress: PlayProgress;
  /** Done around and between the steps of a ladder; what it adds to the log is counted there. */
  readonly beside: ((steps: BesideSteps) => Promise<void>) | undefined;
}

/** Told what goes on. */
export interface PlayProgress {
  stage(stage: Stage, users: number): void;
  second(stage: Stage, row: GeneratorSecond): void;
  stageEnd(result: StageResult): void;
}

export interface PlayedStage {
  readonly at: StagePlace;
  readonly outcome: StageOutcome;
  readonly window: StageWindow;
  readonly result: StageResult;
  readonly rows: readonly SecondRow[];
  /** Events of the window in the log. */
  readonly logged: number;
}

export interface PlayedPlace {
  readonly stages: readonly PlayedStage[];
  readonly resources: readonly ResourceRow[];
  readonly databaseLooks: readonly DatabaseLook[];
  readonly logBefore: number;
  readonly logAfter: number;
  /** Events that answers told of, those to the preparations included, and what was done beside. */
  readonly acknowledged: number;
  readonly answersLost: number;
  readonly ladderEnded: string | undefined;
  /** Whether the read models held everything in time. */
  readonly caughtUp: boolean;
  /** What they held in the end; undefined where they can not be counted. */
  readonly rows: { readonly events: number; readonly tickets: number; readonly parked: number } | undefined;
  readonly conditions: Readonly<Record<string, string>>;
}

type UncountedStage = Omit<PlayedStage, 'logged'>;

/** `stagesBefore`: how many stages the run had played before it came here. */
export async function playPlace(
  place: Place,
  order: PlaceOrder,
  stagesBefore: number,
  context: PlayContext,
): Promise<PlayedPlace> {
  const { scenario, signal } = context;
  const [target] = place.targets;
  if (target === undefined) throw new Error('bug: a place has at least one server');
  const logBefore = await place.log.head();
  const tickets = await openTickets(target, scenario.ticketsBefore, signal);
  const watch = new ResourceWatch(place, context.runStartedAtMs);
  watch.start();
  const beside = new Beside(place, signal);
  const stages: UncountedStage[] = [];
  let ladderEnded: string | undefined;
  let hasCaughtUp = false;
  try {
    const { protocol, mix } = scenario;
    const { seed, workers, requestTimeoutMs } = context;
    const plan = { targets: place.targets, protocol, mix, seed, workers, requestTimeoutMs };
    const generator = await context.startGenerator({ ...plan, tickets: tickets.ids });
    try {
      for (const round of order.rounds) {
        const play = async (stage: Stage, warmSeconds: number) => {
          if (stage.role === 'step') await beside.rest();
          const played = await playStage(generator, stageIn(round, stage), warmSeconds, {
            index: stagesBefore + stages.length,
            round,
            context,
          });
          stages.push(played);
          return played.result;
        };
        for (const stage of scenario.stages) await play(stage, 0);
        const { ladder } = scenario;
        if (ladder === undefined) continue;
        const keeps = (stage: StageResult) => context.keeps(stage, watch.rows);
        ladderEnded = await climb({ ladder, play, keeps, ...besideOf(beside, place, tickets.ids, context) });
      }
    } finally {
      await generator.stop();
    }
    hasCaughtUp = await caughtUp(target, await place.log.head(), { msMax: catchUpMsMax, signal });
  } finally {
    await watch.stop();
  }
  const logAfter = await place.log.head();
  const windows = stages.map(({ window }) => window);
  const logged = await eventsIn(place.log, { after: logBefore, upTo: logAfter }, windows);
  const rows = await place.readModels?.counts();
  return {
    stages: stages.map((stage, index) => ({ ...stage, logged: logged[index] ?? 0 })),
    resources: watch.rows,
    databaseLooks: watch.databaseLooks,
    logBefore,
    logAfter,
    acknowledged:
      tickets.events + beside.events + stages.reduce((sum, { outcome }) => sum + outcome.events, 0),
    answersLost: stages.reduce((sum, { rows: each }) => sum + lostIn(each), 0),
    ladderEnded,
    caughtUp: hasCaughtUp,
    rows,
    conditions: place.conditions,
  };
}

/** Nothing where nobody wants to do anything between the steps. */
function besideOf(
  beside: Beside,
  place: Place,
  tickets: readonly string[],
  { beside: work, runStartedAtMs }: PlayContext,
): Pick<Climbing, 'beside'> {
  if (work === undefined) return {};
  return { beside: (when) => beside.during(() => work({ place, tickets, when, runStartedAtMs })) };
}

interface StageTurn {
  readonly index: number;
  readonly round: RoundOrder;
  readonly context: PlayContext;
}

async function playStage(
  generator: Pick<Generator, 'run'>,
  stage: Stage,
  warmSeconds: number,
  { index, round, context }: StageTurn,
): Promise<UncountedStage> {
  const { scenario, signal, runStartedAtMs, progress } = context;
  signal.throwIfAborted();
  const users = stage.users ?? scenario.users;
  progress.stage(stage, users);
  const order = {
    name: stage.name,
    users,
    shape: stage,
    warmSeconds: Math.min(warmSeconds, secondsOf(stage)),
  };
  const running = generator.run(order, (row) => progress.second(stage, row));
  const outcome = await orAborted(running, signal);
  const fromSecond = (outcome.firstDueAtMs - runStartedAtMs) / 1_000;
  const { sweep } = round;
  const at = { index, stage, users, sweep, warmSeconds: order.warmSeconds, fromSecond };
  const result = stageResult(at, outcome);
  progress.stageEnd(result);
  return { at, outcome, result, window: windowOf(at, outcome), rows: rowsOf(at, outcome) };
}

/** A stage may last for hours; whoever stops the run does not want to wait for its end. */
async function orAborted<T>(running: Promise<T>, signal: AbortSignal): Promise<T> {
  const stop = new AbortController();
  const aborted = new Promise<never>((_, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true, signal: stop.signal });
  });
  return Promise.race([running, aborted]).finally(() => stop.abort());
}

/** Requests that went out and were never answered: what they did nobody was told. */
function lostIn(rows: readonly SecondRow[]): number {
  return rows.reduce((sum, { endings }) => sum + endings.reset + endings.timed_out, 0);
}
