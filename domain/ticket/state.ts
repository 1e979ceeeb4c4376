/**
 * What a ticket is after its events so far: the facts that deciders and guards may look at.
 * Values are immutable; `evolve` makes the next one.
 */

import type { SlaClocks } from '../sla/clock.ts';
import type { holdReasons, linkRelations } from './commands.ts';
import type { Actor, EpochMs, Fields, TicketId } from './values.ts';

/**
 * To be raised when `TicketState` gets another shape, or `evolve` makes something else of the same events:
 * stored states of another version are left alone, and their tickets replayed.
 */
export const ticketStateVersion = 2;

export type HoldReason = (typeof holdReasons)[number];
export type LinkRelation = (typeof linkRelations)[number];

export interface Link {
  readonly ticket: TicketId;
  readonly relation: LinkRelation | 'follow_up_of' | 'follow_up' | 'split_from' | 'split_off' | 'merged';
}

export interface TicketState {
  readonly ticketId: TicketId;
  /** `name@version` of the rules the ticket lives under. */
  readonly workflow: string;
  readonly revision: number;
  /** One state per region, joined by `/`: `open/assigned/L0`. */
  readonly state: string;
  readonly openedAt: EpochMs;
  readonly openedBy: Actor;
  readonly requester: string | undefined;
  readonly assignee: string | undefined;
  readonly group: string | undefined;
  readonly offer: { readonly agent: string; readonly expiresAt: EpochMs } | undefined;
  readonly hold:
    | {
        readonly reason: HoldReason;
        readonly until: EpochMs | undefined;
        readonly timerId: string | undefined;
      }
    | undefined;
  readonly resolvedAt: EpochMs | undefined;
  readonly resolutionCode: string | undefined;
  readonly mergedInto: TicketId | undefined;
  readonly links: readonly Link[];
  readonly fields: Fields;
  /** Whether an agent has answered publicly. */
  readonly replied?: true | undefined;
  /** The last SLA clock of each metric; undefined where nothing was ever promised. */
  readonly clocks?: SlaClocks | undefined;
}
