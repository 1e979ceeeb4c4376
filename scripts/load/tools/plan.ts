/**
 * A scenario as the tools take it: a row of stages that follow each other, with sweeps and ladders unfolded,
 * and requests to choose from. It is plain data, so that it can stand in a program of any language.
 * It must never hold an address or a key: those come from the environment of whoever runs the file.
 */
import type { Outgoing } from '../generator/transport.ts';
import { backToTheFirst, stepOf } from '../ladder.ts';
import { openingCommand, ticketsPerRequest } from '../open-tickets.ts';
import { placesOf, secondsOf, stageIn, timedStages } from '../order.ts';
import type { Scenario, Stage } from '../scenario.ts';
import { type PlainAction, samplesOf, stepSamples } from './samples.ts';

export interface ToolStage {
  /** One line, with the round of the sweep before it. */
  readonly name: string;
  readonly role: Stage['role'];
  readonly users: number;
  readonly fromPerSecond: number;
  readonly toPerSecond: number;
  readonly seconds: number;
  /** Of a burst, whose rate is whatever has them all asked within its time; 0 for the other stages. */
  readonly requests: number;
  /**
   * What DOCKET_SECONDS makes of its length, as `--duration` does: `shared`, its part of them in proportion;
   * `each`, all of them; `most`, no more than they are; `own`, nothing.
   */
  readonly lasts: 'shared' | 'each' | 'most' | 'own';
  /** Whether the KPIs are judged by it. */
  readonly judged: boolean;
}

export interface ToolPlan {
  readonly id: string;
  readonly stages: readonly ToolStage[];
  /** What the stages that are `shared` last together, in one round. */
  readonly sharedSeconds: number;
  /** Each action once, with its weight; the weights of a scenario add up to anything. */
  readonly mix: readonly { readonly action: PlainAction | 'advance'; readonly weight: number }[];
  /** For each action of the mix, and for `open`, which stands in where there is no ticket to ask about. */
  readonly samples: Readonly<Partial<Record<PlainAction, readonly Outgoing[]>>>;
  /** For each step of `advance`, in their order; empty where the mix has none. */
  readonly steps: readonly (readonly Outgoing[])[];
  readonly ticketsBefore: number;
  /** One command of the bulk requests that open them, as JSON, and how many a request may hold. */
  readonly openingCommand: string;
  readonly ticketsPerRequest: number;
  /** Statuses beside 2xx that are part of the scenario, and no errors. */
  readonly alsoExpected: readonly number[];
  readonly limits: {
    /** p99 of the answers to judged stages; 0: not judged. */
    readonly p99Ms: number;
    readonly errorShareMax: number;
    /** Of a ladder: a step that is slower is the last; 0: there is no ladder. */
    readonly stepP99Ms: number;
    /** Share of requests that must be answered 429; 0: not judged. */
    readonly refusedShareMin: number;
    /** Tickets that must have been opened in judged stages; 0: not judged. */
    readonly ticketsMin: number;
  };
}

/** Throws where the scenario has a `classify`, which no tool can ask for: `reasonNotToExport` goes before. */
export function planOf(scenario: Scenario): ToolPlan {
  const { id, kpis, objective, ladder, ticketsBefore } = scenario;
  const mix = mergedMix(scenario);
  const plain = new Set<PlainAction>(['open']);
  for (const { action } of mix) if (action !== 'advance') plain.add(action);
  const { throttling, responseSecondsMax = 0, ticketsWithin } = kpis;
  return {
    id,
    stages: stagesOf(scenario),
    sharedSeconds: timedStages(scenario).reduce((sum, stage) => sum + secondsOf(stage), 0),
    mix,
    samples: Object.fromEntries([...plain].map((action) => [action, samplesOf(action)])),
    steps: mix.some(({ action }) => action === 'advance') ? stepSamples() : [],
    ticketsBefore,
    openingCommand: JSON.stringify(openingCommand(1)),
    ticketsPerRequest,
    alsoExpected: throttling === undefined ? [] : [429],
    limits: {
      p99Ms: responseSecondsMax * 1_000,
      // What is refused by design is expected, so that whatever else fails is an error all the same.
      errorShareMax: throttling === undefined ? objective.errorShareMax : 0,
      stepP99Ms: ladder === undefined ? 0 : objective.p99Ms,
      refusedShareMin: throttling?.refusedShareMin ?? 0,
      ticketsMin: ticketsWithin?.tickets ?? 0,
    },
  };
}

function mergedMix({ id, mix }: Scenario): ToolPlan['mix'] {
  const weights = new Map<PlainAction | 'advance', number>();
  for (const { action, weight } of mix) {
    if (action === 'classify') throw new Error(`bug: ${id} was to be written for a tool`);
    weights.set(action, (weights.get(action) ?? 0) + weight);
  }
  return [...weights].map(([action, weight]) => ({ action, weight }));
}

function stagesOf(scenario: Scenario): readonly ToolStage[] {
  const timed = timedStages(scenario);
  const measured = scenario.stages.some(({ role }) => role === 'measured');
  // Where steps end is what is asked of them, so that none can fail.
  const judged = ({ role }: Stage) => (measured ? role === 'measured' : role !== 'warm' && role !== 'step');
  const rounds = placesOf(scenario).flatMap((place) => place.rounds);
  return rounds.flatMap((round) => {
    const named = (stage: Stage, lasts: ToolStage['lasts'], isJudged: boolean) =>
      toolStage(scenario, stageIn(round, stage), { round: round.sweep, lasts, judged: isJudged });
    return [
      ...scenario.stages.map((stage) => {
        const own = timed.includes(stage) ? 'shared' : stage.role === 'warm' ? 'most' : 'own';
        return named(stage, stage.role === 'step' ? 'each' : own, judged(stage));
      }),
      ...ladderStages(scenario).map((stage) => named(stage, 'each', judged(stage))),
    ];
  });
}

function ladderStages({ ladder }: Scenario): readonly Stage[] {
  if (ladder === undefined) return [];
  const steps = Array.from({ length: ladder.stepsMax }, (_, index) => stepOf(ladder, index + 1));
  return [...steps, backToTheFirst(ladder)];
}

function toolStage(
  { users }: Scenario,
  stage: Stage,
  rest: { readonly round: string | undefined } & Pick<ToolStage, 'lasts' | 'judged'>,
): ToolStage {
  const { round, lasts, judged } = rest;
  const seconds = secondsOf(stage);
  return {
    name: oneLine(round === undefined ? stage.name : `${round}, ${stage.name}`),
    role: stage.role,
    users: stage.users ?? users,
    ...ratesOf(stage),
    seconds,
    requests: stage.shape === 'burst' ? stage.requests : 0,
    lasts,
    judged,
  };
}

function ratesOf(stage: Stage): Pick<ToolStage, 'fromPerSecond' | 'toPerSecond'> {
  switch (stage.shape) {
    case 'hold':
      return { fromPerSecond: stage.perSecond, toPerSecond: stage.perSecond };
    case 'ramp':
      return { fromPerSecond: stage.fromPerSecond, toPerSecond: stage.toPerSecond };
    case 'burst': {
      const perSecond = stage.requests / Math.max(1, stage.withinSeconds);
      return { fromPerSecond: perSecond, toPerSecond: perSecond };
    }
  }
}

/** Words of a scenario's author, as comments and names of every language can hold them. */
export function oneLine(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[\p{Cc}\u2028\u2029\ufffe\uffff]+/gu, ' ')
    .trim();
}
