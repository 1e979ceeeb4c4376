/**
 * Holds another system's event log against a workflow: of the transitions that were observed, which are
 * legal, which are not, how often, with examples. A transition is legal where some command of the workflow
 * leads from the one lifecycle state to the other, whoever may give it and whatever its guards ask for: a log
 * seldom says. After a transition that is not legal the case goes on from where the log says it is.
 *
 * One pass; what is held grows with the cases and the kinds of transitions, both bounded. It must never
 * change anything, and never leave an event uncounted.
 */
import { Fault } from '../../domain/errors.ts';
import { type CompiledWorkflow, stateCalled } from '../../domain/workflow/table.ts';
import type { TransitionType } from '../../domain/workflow/transition.ts';
import type { CaseEvent } from './case-event.ts';
import { isComplete } from './discover.ts';

export const conformLimits = {
  casesMax: 2_000_000,
  activitiesMax: 1_000,
  /** Of each transition that is not legal. */
  examplesMax: 3,
};

export interface ConformOptions {
  readonly workflow: CompiledWorkflow;
  /** The workflow's state for an activity; one that is not named is looked for by its own name. */
  readonly states?: Readonly<Record<string, string>> | undefined;
  /** Whether only events count that say that an activity was completed. */
  readonly completeOnly?: boolean | undefined;
  readonly limits?: Partial<typeof conformLimits>;
}

export type IllegalReason =
  /** The workflow has both states, but no command leads from the one to the other. */
  | 'no_command'
  /** One of the two activities is no state of the workflow. */
  | 'unknown_state';

export interface ObservedTransition {
  /** As the log calls them. `from` is `undefined` for the beginning of a case. */
  readonly from: string | undefined;
  readonly to: string;
  /** As the workflow calls them; `undefined` where it has no such state. */
  readonly fromState: string | undefined;
  readonly toState: string | undefined;
  readonly legal: boolean;
  readonly reason: IllegalReason | undefined;
  /** The commands that lead there. */
  readonly commands: readonly TransitionType[];
  readonly count: number;
  readonly examples: readonly TransitionExample[];
}

export interface TransitionExample {
  readonly caseId: string;
  /** Of the file, where the event begins that `to` is the activity of. */
  readonly line: number;
}

export interface Conformance {
  readonly workflow: string;
  readonly cases: number;
  readonly events: number;
  /** Events that were not counted, because they say that an activity was scheduled, started and so on. */
  readonly notComplete: number;
  /** Events that named the state that the ticket was in, where the workflow sees no transition in that. */
  readonly unchanged: number;
  readonly observed: number;
  readonly legal: number;
  /** `legal / observed`; 1 where nothing was observed. */
  readonly fitness: number;
  /** Cases that begin where a ticket can begin or go at once, and whose transitions are all legal. */
  readonly conformingCases: number;
  /** The most frequent first, those that are not legal before the others. */
  readonly transitions: readonly ObservedTransition[];
  /** The same for how cases begin; not among `observed`, because a log may begin in the middle of a case. */
  readonly beginnings: readonly ObservedTransition[];
}

/** Throws `Fault('input_unreadable')` for a log beyond the limits, or states that the workflow has not. */
export async function conform(
  batches: AsyncIterable<readonly CaseEvent[]>,
  { workflow, states = {}, completeOnly = false, limits }: ConformOptions,
): Promise<Conformance> {
  checkStates(workflow, states);
  const replay = new CaseReplay(workflow, new Map(Object.entries(states)), { ...conformLimits, ...limits });
  for await (const events of batches) {
    for (const event of events) {
      if (!completeOnly || isComplete(event)) replay.take(event);
      else replay.leaveOut();
    }
  }
  return replay.report();
}

function checkStates(workflow: CompiledWorkflow, states: Readonly<Record<string, string>>): void {
  const unknown = Object.values(states).filter((name) => stateCalled(workflow, name) === undefined);
  if (unknown.length === 0) return;
  const known = workflow.regions[0]?.states.join(', ');
  const message = `"states" names ${unknown.join(', ')}, which ${workflow.id} has not; it has ${known}`;
  throw new Fault('input_unreadable', message);
}

interface Activity {
  readonly name: string;
  readonly state: string | undefined;
}

type Counted = { -readonly [K in keyof ObservedTransition]: ObservedTransition[K] } & {
  readonly examples: TransitionExample[];
};

class CaseReplay {
  readonly #workflow: CompiledWorkflow;
  readonly #states: ReadonlyMap<string, string>;
  readonly #limits: typeof conformLimits;
  /** Whether doing the same again is a transition: it is where tickets are moved by name. */
  readonly #repeatsCount: boolean;
  readonly #ways: ReadonlyMap<string, ReadonlySet<TransitionType>>;
  readonly #activities = new Map<string, Activity>();
  readonly #last = new Map<string, { activity: Activity; conforms: boolean }>();
  readonly #transitions = new Map<Activity | undefined, Map<Activity, Counted>>();
  #events = 0;
  #notComplete = 0;
  #unchanged = 0;

  constructor(workflow: CompiledWorkflow, states: ReadonlyMap<string, string>, limits: typeof conformLimits) {
    this.#workflow = workflow;
    this.#states = states;
    this.#limits = limits;
    this.#repeatsCount = workflow.states.some(({ cells }) => cells.has('MoveTicket'));
    this.#ways = waysOf(workflow);
  }

  leaveOut(): void {
    this.#events += 1;
    this.#notComplete += 1;
  }

  take(event: CaseEvent): void {
    this.#events += 1;
    const activity = this.#activityOf(event);
    const last = this.#last.get(event.caseId);
    if (last === undefined) {
      if (this.#last.size >= this.#limits.casesMax) throw tooMany('cases', this.#limits.casesMax, event);
      const { legal } = this.#count(undefined, activity, event);
      this.#last.set(event.caseId, { activity, conforms: legal });
      return;
    }
    if (last.activity === activity && !this.#repeatsCount) {
      this.#unchanged += 1;
      return;
    }
    if (!this.#count(last.activity, activity, event).legal) last.conforms = false;
    last.activity = activity;
  }

  report(): Conformance {
    const all = [...this.#transitions.values()].flatMap((some) => [...some.values()]).sort(illegalFirst);
    const transitions = all.filter(({ from }) => from !== undefined);
    const observed = sum(transitions);
    const legal = sum(transitions.filter((each) => each.legal));
    return {
      workflow: this.#workflow.id,
      cases: this.#last.size,
      events: this.#events,
      notComplete: this.#notComplete,
      unchanged: this.#unchanged,
      observed,
      legal,
      fitness: observed === 0 ? 1 : legal / observed,
      conformingCases: [...this.#last.values()].filter(({ conforms }) => conforms).length,
      transitions,
      beginnings: all.filter(({ from }) => from === undefined),
    };
  }

  #count(from: Activity | undefined, to: Activity, { caseId, line }: CaseEvent): Counted {
    const known = this.#transitions.get(from) ?? new Map<Activity, Counted>();
    this.#transitions.set(from, known);
    const transition = known.get(to) ?? this.#judge(from, to);
    known.set(to, transition);
    transition.count += 1;
    if (!transition.legal && transition.examples.length < this.#limits.examplesMax) {
      transition.examples.push({ caseId, line });
    }
    return transition;
  }

  #judge(from: Activity | undefined, to: Activity): Counted {
    const initial = this.#workflow.initial.lifecycle;
    const fromState = from === undefined ? initial : from.state;
    const toState = to.state;
    const begins = from === undefined && toState === initial;
    const known = fromState !== undefined && toState !== undefined;
    const commands = known ? [...(this.#ways.get(`${fromState}/${toState}`) ?? [])] : [];
    const legal = begins || commands.length > 0;
    const why = known ? 'no_command' : 'unknown_state';
    const reason = legal ? undefined : why;
    return {
      from: from?.name,
      to: to.name,
      fromState,
      toState,
      legal,
      reason,
      commands,
      count: 0,
      examples: [],
    };
  }

  #activityOf(event: CaseEvent): Activity {
    const name = event.activity;
    const known = this.#activities.get(name);
    if (known !== undefined) return known;
    if (this.#activities.size >= this.#limits.activitiesMax) {
      throw tooMany('activities', this.#limits.activitiesMax, event);
    }
    const activity = { name, state: stateCalled(this.#workflow, this.#states.get(name) ?? name) };
    this.#activities.set(name, activity);
    return activity;
  }
}

/**
 * The commands that lead from one lifecycle state to another, by `from/to`, in some configuration. What only
 * ever stays where it is, such as a comment, is no way to go anywhere, not even from a state to itself.
 */
function waysOf(workflow: CompiledWorkflow): ReadonlyMap<string, ReadonlySet<TransitionType>> {
  const ways = new Map<string, Set<TransitionType>>();
  const leading = new Set<TransitionType>();
  const names = workflow.regions[0]?.states ?? [];
  for (const { lifecycle, cells } of workflow.states) {
    for (const [command, cell] of cells) {
      for (const { region, to } of cell.flat()) {
        if (region !== 0) continue;
        const way = `${lifecycle}/${names[to]}`;
        ways.set(way, (ways.get(way) ?? new Set()).add(command));
        if (command === 'MoveTicket' || names[to] !== lifecycle) leading.add(command);
      }
    }
  }
  return new Map([...ways].map(([way, all]) => [way, new Set([...all].filter((each) => leading.has(each)))]));
}

function illegalFirst(left: ObservedTransition, right: ObservedTransition): number {
  return Number(left.legal) - Number(right.legal) || right.count - left.count;
}

function sum(transitions: readonly ObservedTransition[]): number {
  return transitions.reduce((total, { count }) => total + count, 0);
}

function tooMany(what: string, most: number, { line }: CaseEvent): Fault {
  return new Fault('input_unreadable', `line ${line}: there are more than ${most} ${what}; split the file`);
}
