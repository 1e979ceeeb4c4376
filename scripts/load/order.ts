/**
 * What a run will do, worked out before it begins: the scenario with what its caller wants otherwise, and its
 * sweep unfolded into servers to start and rounds to play on them.
 * Whatever differs from the file must be said in words, because the report shows the file's name.
 */
import type { Scenario, Stage } from './scenario.ts';

/** What the caller wants otherwise than the file says. */
export interface Wishes {
  /** How long the measured stages last together, or each step of a ladder. */
  readonly seconds?: number | undefined;
  readonly preloadEvents?: number | undefined;
}

export interface Changed {
  readonly scenario: Scenario;
  /** In words; undefined where nothing was changed. */
  readonly changed: string | undefined;
}

/** The scenario as it will run. */
export function changedBy(scenario: Scenario, wishes: Wishes): Changed {
  const timed = wishes.seconds === undefined ? scenario : lasting(scenario, wishes.seconds);
  const { preloadEvents } = wishes;
  const run = preloadEvents === undefined ? timed : { ...timed, server: { ...timed.server, preloadEvents } };
  const words = [
    ...(wishes.seconds === undefined ? [] : [durationInWords(scenario, wishes.seconds)]),
    ...(preloadEvents === undefined || preloadEvents === scenario.server.preloadEvents
      ? []
      : [
          `${preloadEvents.toLocaleString('en')} events preloaded in place of` +
            ` ${scenario.server.preloadEvents.toLocaleString('en')} (--preload)`,
        ]),
  ];
  return { scenario: run, changed: words.length === 0 ? undefined : words.join('; ') };
}

/** How long a stage's requests take to become due. */
export function secondsOf(stage: Stage): number {
  return stage.shape === 'burst' ? stage.withinSeconds : stage.seconds;
}

/**
 * The stages that a duration is about: those that are measured or steps, else those around a surge. A burst
 * beside others keeps its time: how sudden it is is what is asked.
 */
export function timedStages({ stages }: Scenario): readonly Stage[] {
  const measured = stages.filter(({ role }) => role === 'measured' || role === 'step');
  const steady = measured.filter(({ shape }) => shape !== 'burst');
  if (steady.length > 0) return steady;
  if (measured.length > 0) return measured;
  return stages.filter(({ role }) => role === 'before' || role === 'after');
}

function sumOfSeconds(stages: readonly Stage[]): number {
  return stages.reduce((sum, stage) => sum + secondsOf(stage), 0);
}

function lasting(scenario: Scenario, seconds: number): Scenario {
  const timed = timedStages(scenario);
  const total = sumOfSeconds(timed);
  const factor = total === 0 ? 1 : seconds / total;
  const stages = scenario.stages.map((stage) => {
    if (timed.includes(stage)) return scaled(stage, factor);
    // A warm-up that is longer than what it warms up for would be most of the run.
    const own = secondsOf(stage);
    return stage.role === 'warm' && own > seconds ? scaled(stage, seconds / own) : stage;
  });
  const { ladder } = scenario;
  if (ladder === undefined) return { ...scenario, stages };
  const warmSeconds = Math.min(ladder.warmSeconds, (ladder.warmSeconds / ladder.secondsEach) * seconds);
  return { ...scenario, stages, ladder: { ...ladder, secondsEach: seconds, warmSeconds } };
}

function scaled(stage: Stage, factor: number): Stage {
  return stage.shape === 'burst'
    ? { ...stage, withinSeconds: stage.withinSeconds * factor }
    : { ...stage, seconds: stage.seconds * factor };
}

function durationInWords(scenario: Scenario, seconds: number): string {
  const { ladder } = scenario;
  const stages = timedStages(scenario);
  const parts = [
    ...(stages.length === 0
      ? []
      : [`measured for ${span(seconds)} in place of ${span(sumOfSeconds(stages))}`]),
    ...(ladder === undefined ? [] : [`steps of ${span(seconds)} in place of ${span(ladder.secondsEach)}`]),
  ];
  return `${parts.join(', ')} (--duration)`;
}

/** `90 s`, `5 min`, `8 h`. */
export function span(seconds: number): string {
  if (seconds >= 3_600 && seconds % 3_600 === 0) return `${seconds / 3_600} h`;
  if (seconds >= 120 && seconds % 60 === 0) return `${seconds / 60} min`;
  return `${Number(seconds.toFixed(2))} s`;
}

/** A round of all stages, and of the ladder, on the servers of a `PlaceOrder`. */
export interface RoundOrder {
  /** What the sweep changed of the servers, such as `servers 2`. */
  readonly sweep: string | undefined;
  /** In place of every stage's own. */
  readonly users: number | undefined;
  /** In place of the rate of every stage that holds one. */
  readonly perSecond: number | undefined;
}

/** Servers that are started together, on an empty or preloaded log, and stopped after their rounds. */
export interface PlaceOrder {
  readonly servers: number;
  readonly preloadEvents: number;
  readonly rounds: readonly RoundOrder[];
}

const plainRound: RoundOrder = { sweep: undefined, users: undefined, perSecond: undefined };

/** More users ask the same servers; another number of servers, or of events, needs servers of its own. */
export function placesOf({ sweep, server }: Scenario): readonly PlaceOrder[] {
  const { servers, preloadEvents } = server;
  switch (sweep?.over) {
    case undefined:
      return [{ servers, preloadEvents, rounds: [plainRound] }];
    case 'users': {
      const { values, perUserPerSecond } = sweep;
      const rounds = values.map((users) => ({
        sweep: undefined,
        users,
        perSecond: users * perUserPerSecond,
      }));
      return [{ servers, preloadEvents, rounds }];
    }
    case 'preloadEvents':
      return sweep.values.map((value) => {
        const round = { ...plainRound, sweep: `preloaded ${value.toLocaleString('en')} events` };
        return { servers, preloadEvents: value, rounds: [round] };
      });
    case 'servers':
      return sweep.values.map((value) => {
        const round = { ...plainRound, sweep: `servers ${value}` };
        return { servers: value, preloadEvents, rounds: [round] };
      });
    default:
      return sweep satisfies never;
  }
}

/** The stage as a round plays it; with more and more users on the same servers each is a step of its own. */
export function stageIn({ users, perSecond }: RoundOrder, stage: Stage): Stage {
  if (users === undefined) return stage;
  const own = { ...stage, users, name: `${stage.name}, ${users.toLocaleString('en')} users` };
  return own.shape === 'hold' && perSecond !== undefined ? { ...own, perSecond } : own;
}
