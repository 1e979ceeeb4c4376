/**
 * Who a ticket went through: its assignees, or its groups, one after the other.
 *
 * Sources: stations are Zendesk's (Ticket Metrics: `assignee_stations`, `group_stations`), counted as
 * intervals, so that a ticket which comes back is at a station once more; dbt_zendesk tells this count from
 * that of distinct ones, as `distinct` does here. Handoffs are moves from one holder to another, also with
 * nobody in between; dbt_zendesk's "handoffs" are distinct commenters, and no moves at all. A return is a
 * handoff back to whom the ticket came from (ping-pong), as in process mining.
 */
import { storableText } from './storable-text.ts';

export const stationsVersion = 1;

/** Distinct holders that are kept by name, in order; later ones are counted, not named. */
export const distinctHoldersMax = 20;

export interface Stations {
  /** Who has it now. */
  readonly current: string | undefined;
  /** Who has it, or had it last where nobody has it now. */
  readonly last: string | undefined;
  /** Whom it was handed on from to `last`. */
  readonly beforeLast: string | undefined;
  /** How often somebody got it. */
  readonly count: number;
  readonly handoffs: number;
  readonly returns: number;
  /** Each holder once, in order of the first time; at most `distinctHoldersMax`. */
  readonly distinct: readonly string[];
}

export const noStations: Stations = Object.freeze({
  current: undefined,
  last: undefined,
  beforeLast: undefined,
  count: 0,
  handoffs: 0,
  returns: 0,
  distinct: [],
});

/** The ticket goes to somebody, or to nobody. The same stations where it is there already. */
export function goesTo(before: Stations, holder: string | undefined): Stations {
  if (holder === undefined) return before.current === undefined ? before : { ...before, current: undefined };
  const name = storableText(holder);
  if (name === before.current) return before;
  const { last, beforeLast, distinct } = before;
  const handedOn = last !== undefined && last !== name;
  return {
    current: name,
    last: name,
    beforeLast: handedOn ? last : beforeLast,
    count: before.count + 1,
    handoffs: before.handoffs + (handedOn ? 1 : 0),
    returns: before.returns + (handedOn && name === beforeLast ? 1 : 0),
    distinct:
      distinct.length >= distinctHoldersMax || distinct.includes(name) ? distinct : [...distinct, name],
  };
}
