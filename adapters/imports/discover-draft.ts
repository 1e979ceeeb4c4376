/**
 * From counts of a log to a draft of a workflow: which ways are kept, which state a ticket begins in, what
 * category each state seems to be of, and where tickets end.
 *
 * It must never draft a workflow that can not be used: every state of a draft can be reached, and leads to an
 * end.
 */
import { Fault } from '../../domain/errors.ts';
import { nameCharactersMax } from '../../domain/ticket/values.ts';
import type { WorkflowDefinition } from '../../domain/workflow/definition.ts';
import { stateKeyOf } from '../../domain/workflow/state-spelling.ts';
import type { Category } from '../../domain/workflow/transition.ts';
import type { ActivityCount, ObservedMove } from './discover.ts';
import { guessCategory } from './guess-category.ts';

export interface DraftedState {
  /** The key of the state in the draft. */
  readonly key: string;
  /** What the log calls it; `undefined` for a state that the draft adds. */
  readonly activity: string | undefined;
  readonly category: Category;
  readonly events: number;
  readonly starts: number;
  readonly ends: number;
  /** Whether it is in the draft: states that only rare ways lead to are not. */
  readonly kept: boolean;
}

export interface Draft {
  readonly definition: WorkflowDefinition;
  readonly states: readonly DraftedState[];
  readonly moves: readonly ObservedMove[];
}

export type DraftOptions = Pick<WorkflowDefinition, 'name' | 'version' | 'description' | 'observed'> & {
  readonly minFrequency: number;
};

/** A way out of an activity: to another, or (`undefined`) to the end of the case. */
interface Way {
  readonly from: number;
  readonly to: number | undefined;
  readonly count: number;
}

export function draftWorkflow(activities: readonly ActivityCount[], options: DraftOptions): Draft {
  const ways = activities.flatMap(waysFrom);
  const starts = often(startsOf(activities), options.minFrequency);
  const kept = keptWays(ways, starts, options.minFrequency);
  const reached = reachedFrom(
    starts.map(({ from }) => from),
    kept,
  );
  const present = new Set(kept.filter(({ from }) => reached.has(from)));
  const keys = activities.map(({ name }) => keyOf(name));
  const key = (activity: number) => keys[activity] ?? '';
  const [onlyStart] = starts.length === 1 ? starts : [];
  const categories = activities.map((activity, number) =>
    guessCategory(activity.name, {
      isOnlyStart: onlyStart?.from === number,
      starts: activity.starts,
      ends: activity.ends,
      left: [...present].some((way) => way.from === number && way.to !== undefined && way.to !== number),
      exits:
        activity.ends + [...activity.next].reduce((sum, [to, count]) => sum + (to === number ? 0 : count), 0),
    }),
  );

  const states: DraftedState[] = activities.map(({ name, events, starts, ends }, number) => ({
    key: key(number),
    activity: name,
    category: categories[number] ?? 'open',
    events,
    starts,
    ends,
    kept: reached.has(number),
  }));
  const moves = ways
    .flatMap((way) =>
      way.to === undefined
        ? []
        : [{ from: key(way.from), to: key(way.to), count: way.count, kept: present.has(way) }],
    )
    .sort((left, right) => right.count - left.count);
  return { ...assemble({ states, moves, starts, key }, options), moves };
}

interface Parts {
  readonly states: readonly DraftedState[];
  readonly moves: readonly ObservedMove[];
  readonly starts: readonly Way[];
  readonly key: (activity: number) => string;
}

/** Adds what the log does not have: one state to begin in, and one to end in where all others are left. */
function assemble(
  { states, moves, starts, key }: Parts,
  { minFrequency: _, ...about }: DraftOptions,
): Pick<Draft, 'definition' | 'states'> {
  const all = states.filter(({ kept }) => kept);
  const taken = new Set(states.map((state) => state.key));
  const [first, ...others] = starts;
  const initial = others.length === 0 ? key(first?.from ?? 0) : freeKey('opened', taken);
  const openings =
    others.length === 0 ? [] : starts.map((way) => ({ ...way, from: initial, to: key(way.from) }));
  if (openings.length > 0) all.unshift(added(initial, 'new'));
  const definitionMoves = [...openings, ...moves.filter(({ kept }) => kept)].map(({ from, to, count }) => ({
    from,
    to,
    count,
    when: [],
  }));
  const closing = new Set(stuckStates(all, definitionMoves));
  const end = freeKey('closed', taken);
  if (closing.size > 0) all.push(added(end, 'closed'));
  const entries = all.map(({ key: name, activity, category }) => {
    const label = activity === undefined ? {} : { label: activity };
    const on = closing.has(name) ? { CloseTicket: [{ to: end, when: [] }] } : {};
    return [name, { ...(activity === name ? {} : label), category, on }] as const;
  });
  const definition = { ...about, initial, states: Object.fromEntries(entries), moves: definitionMoves };
  return { definition, states: [...all, ...states.filter(({ kept }) => !kept)] };
}

function added(key: string, category: Category): DraftedState {
  return { key, activity: undefined, category, events: 0, starts: 0, ends: 0, kept: true };
}

/** States in which cases end, but from which no way leads to a final one: there, tickets are to be closed. */
function stuckStates(
  states: readonly DraftedState[],
  moves: readonly { readonly from: string; readonly to: string }[],
): readonly string[] {
  const ending = new Set(states.filter(({ category }) => isFinal(category)).map((state) => state.key));
  const back = new Map<string, string[]>();
  for (const { from, to } of moves) back.set(to, [...(back.get(to) ?? []), from]);
  const follow = () => {
    for (const state of ending) for (const before of back.get(state) ?? []) ending.add(before);
  };
  follow();
  // The states in which most cases end come first; what leads to them is not stuck any more.
  const candidates = states.filter(({ ends }) => ends > 0).sort((left, right) => right.ends - left.ends);
  const stuck: string[] = [];
  for (const { key } of candidates) {
    if (ending.has(key)) continue;
    stuck.push(key);
    ending.add(key);
    follow();
  }
  return stuck;
}

function isFinal(category: Category): boolean {
  return category === 'closed' || category === 'cancelled';
}

function waysFrom({ next, ends }: ActivityCount, from: number): Way[] {
  const ways: Way[] = [...next].map(([to, count]) => ({ from, to, count }));
  if (ends > 0) ways.push({ from, to: undefined, count: ends });
  return ways;
}

/** The most frequent first: where cases begin, as ways from there. */
function startsOf(activities: readonly ActivityCount[]): Way[] {
  return activities
    .flatMap(({ starts }, from) => (starts === 0 ? [] : [{ from, to: undefined, count: starts }]))
    .sort((left, right) => right.count - left.count);
}

/** Staying is not what others are measured by: in logs of updates it outnumbers all else. */
function often(ways: readonly Way[], minFrequency: number): Way[] {
  const most = ways.reduce((max, { from, to, count }) => (from === to ? max : Math.max(max, count)), 0);
  return ways.filter(({ count }) => count >= most * minFrequency);
}

/** The frequent ways, and of the others those without which an activity would not lead to any end. */
function keptWays(ways: readonly Way[], starts: readonly Way[], minFrequency: number): Way[] {
  const from = Map.groupBy(ways, (way) => way.from);
  const kept = new Set([...from.values()].flatMap((some) => often(some, minFrequency)));
  for (;;) {
    const reached = reachedFrom(
      starts.map((start) => start.from),
      kept,
    );
    const ending = endingAmong(kept);
    const rescue = ways
      .filter((way) => !kept.has(way) && reached.has(way.from) && !ending.has(way.from))
      .filter(({ to }) => to === undefined || ending.has(to))
      .sort((left, right) => right.count - left.count)[0];
    if (rescue === undefined) return [...kept];
    kept.add(rescue);
  }
}

function reachedFrom(starts: readonly number[], ways: Iterable<Way>): ReadonlySet<number> {
  const from = Map.groupBy(ways, (way) => way.from);
  const reached = new Set(starts);
  for (const activity of reached) {
    for (const { to } of from.get(activity) ?? []) if (to !== undefined) reached.add(to);
  }
  return reached;
}

/** Activities from which some way leads to the end of a case. */
function endingAmong(ways: Iterable<Way>): ReadonlySet<number> {
  const all = [...ways];
  const back = Map.groupBy(all, (way) => way.to);
  const ending = new Set((back.get(undefined) ?? []).map(({ from }) => from));
  for (const activity of ending) for (const { from } of back.get(activity) ?? []) ending.add(from);
  return ending;
}

function keyOf(activity: string): string {
  const fits = activity.length > 0 && activity.length <= nameCharactersMax && activity.isWellFormed();
  const key = fits ? stateKeyOf(activity) : '';
  if (key !== '' && key.length <= nameCharactersMax) return key;
  const message = `the activity ${JSON.stringify(activity.slice(0, 100))} can not be a state: its name must be sound text of 1 to ${nameCharactersMax} characters, spelt as a key; map it to another with "states"`;
  throw new Fault('input_unreadable', message);
}

/** `opened`, or `opened 2` and so on where the log has such an activity itself. */
function freeKey(wanted: string, taken: ReadonlySet<string>): string {
  if (!taken.has(wanted)) return wanted;
  for (let number = 2; ; number += 1) {
    const key = `${wanted} ${number}`;
    if (!taken.has(key)) return key;
  }
}
