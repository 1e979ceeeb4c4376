/**
 * Drafts a workflow from another system's event log: its activities become states, and what followed what
 * becomes moves, with how often each was seen. The draft allows all that was seen often enough; categories
 * are guesses. A person is to review it before tickets live under it.
 *
 * One pass over the log; what is held grows with the cases and the activities, both bounded, never with the
 * events. It must never write anything, and never draft what `compileDefinition` refuses.
 */
import { Fault } from '../../domain/errors.ts';
import type { EpochMs } from '../../domain/ticket/values.ts';
import { statesMax, type WorkflowDefinition } from '../../domain/workflow/definition.ts';
import type { CaseEvent } from './case-event.ts';
import { type DraftedState, draftWorkflow } from './discover-draft.ts';

export const discoverLimits = {
  /** Cases whose last activity is remembered, because more of them may come anywhere in the file. */
  casesMax: 2_000_000,
  activitiesMax: statesMax - 2,
};

export interface DiscoverOptions {
  readonly name: string;
  readonly version?: string;
  readonly description?: string;
  /**
   * Of the ways out of a state (moves and ends of cases), those are left out that were seen less often than
   * this share of the most frequent one; 0 keeps all. Ways without which a state would lead nowhere stay.
   */
  readonly minFrequency?: number;
  /** The workflow's states for activities; an activity that is not named is a state itself. */
  readonly states?: Readonly<Record<string, string>> | undefined;
  /**
   * Whether only events count that say that an activity was completed. The import takes all, so by default
   * the draft allows for all.
   */
  readonly completeOnly?: boolean | undefined;
  readonly limits?: Partial<typeof discoverLimits>;
}

export interface Discovery {
  readonly definition: WorkflowDefinition;
  readonly states: readonly DraftedState[];
  /** All moves that were observed, the most frequent first. */
  readonly moves: readonly ObservedMove[];
  readonly cases: number;
  readonly events: number;
  /** Events that were not counted, because they say that an activity was scheduled, started and so on. */
  readonly notComplete: number;
  /** Events that came before the previous one of their case, by their times. The file's order was taken. */
  readonly backwards: number;
}

export interface ObservedMove {
  readonly from: string;
  readonly to: string;
  readonly count: number;
  /** Whether it is in the draft. */
  readonly kept: boolean;
}

/** What was seen of one activity. */
export interface ActivityCount {
  readonly name: string;
  events: number;
  /** Cases that began with it. */
  starts: number;
  /** Cases whose last event it is. */
  ends: number;
  /** How often each activity followed at once, by its number. */
  readonly next: Map<number, number>;
}

/** Throws `Fault('input_unreadable')` for a log without events, or one beyond the limits. */
export async function discoverWorkflow(
  batches: AsyncIterable<readonly CaseEvent[]>,
  options: DiscoverOptions,
): Promise<Discovery> {
  const limits = { ...discoverLimits, ...options.limits };
  const seen = new Observation(limits, options.states);
  for await (const events of batches) {
    for (const event of events) {
      if (options.completeOnly !== true || isComplete(event)) seen.take(event);
      else seen.notComplete += 1;
    }
  }
  if (seen.cases === 0)
    throw new Fault('input_unreadable', 'the log holds no events to draft a workflow from');
  const { cases, events, notComplete, backwards } = seen;
  const draft = draftWorkflow(seen.ended(), {
    name: options.name,
    version: options.version ?? '1',
    description: options.description ?? `Drafted from ${events} events of ${cases} cases; to be reviewed.`,
    minFrequency: options.minFrequency ?? 0,
    observed: {
      cases,
      events,
      since: new Date(seen.since).toISOString(),
      until: new Date(seen.until).toISOString(),
    },
  });
  return { ...draft, cases, events, notComplete, backwards };
}

/** Whether an event says that its activity was done; most logs have no other events. */
export function isComplete({ lifecycle }: CaseEvent): boolean {
  return lifecycle === undefined || lifecycle.toLowerCase() === 'complete';
}

class Observation {
  events = 0;
  notComplete = 0;
  backwards = 0;
  since: EpochMs = Number.POSITIVE_INFINITY;
  until: EpochMs = Number.NEGATIVE_INFINITY;
  readonly #limits: typeof discoverLimits;
  readonly #states: ReadonlyMap<string, string>;
  readonly #activities: ActivityCount[] = [];
  readonly #numbers = new Map<string, number>();
  /** By case: the number of its last activity, and when that was. */
  readonly #last = new Map<string, { activity: number; at: EpochMs }>();

  constructor(limits: typeof discoverLimits, states: Readonly<Record<string, string>> = {}) {
    this.#limits = limits;
    this.#states = new Map(Object.entries(states));
  }

  get cases(): number {
    return this.#last.size;
  }

  take(event: CaseEvent): void {
    const { caseId, at } = event;
    this.events += 1;
    this.since = Math.min(this.since, at);
    this.until = Math.max(this.until, at);
    const number = this.#numberOf(event);
    const activity = this.#activities[number];
    const last = this.#last.get(caseId);
    if (activity !== undefined) activity.events += 1;
    if (last === undefined) {
      if (this.#last.size >= this.#limits.casesMax) throw tooMany('cases', this.#limits.casesMax, event);
      if (activity !== undefined) activity.starts += 1;
      this.#last.set(caseId, { activity: number, at });
      return;
    }
    const next = this.#activities[last.activity]?.next;
    next?.set(number, (next.get(number) ?? 0) + 1);
    if (at < last.at) this.backwards += 1;
    last.activity = number;
    last.at = at;
  }

  /** The activities by number, when every case has ended. */
  ended(): readonly ActivityCount[] {
    for (const { activity } of this.#last.values()) {
      const count = this.#activities[activity];
      if (count !== undefined) count.ends += 1;
    }
    return this.#activities;
  }

  #numberOf(event: CaseEvent): number {
    const name = this.#states.get(event.activity) ?? event.activity;
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    const number = this.#activities.length;
    if (number >= this.#limits.activitiesMax) {
      throw tooMany('activities', this.#limits.activitiesMax, event);
    }
    this.#activities.push({ name, events: 0, starts: 0, ends: 0, next: new Map() });
    this.#numbers.set(name, number);
    return number;
  }
}

function tooMany(what: 'cases' | 'activities', most: number, { line }: CaseEvent): Fault {
  const help = what === 'activities' ? 'map them to fewer states, or read another column' : 'split the file';
  return new Fault('input_unreadable', `line ${line}: there are more than ${most} ${what}; ${help}`);
}
