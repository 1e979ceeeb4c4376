/**
 * The question that every way in and out asks before it does anything: may this principal do that, and what
 * of it may they see. One guard serves reads, writes, history, search, streams and exports, so that a hidden
 * field is hidden everywhere.
 */
import type { StampedCommand } from '../ticket/decision.ts';
import type { RecordedEvent } from '../ticket/events.ts';
import type { Rejection } from '../ticket/rejection.ts';
import type { TicketState } from '../ticket/state.ts';
import type { TicketId } from '../ticket/values.ts';
import type { Principal } from './principal.ts';

/**
 * What a principal may see of one ticket, as it is now. Field names are those of `TicketState.fields`, and
 * those of `ticketAttributes` for everything else.
 */
export interface TicketView {
  /** Whether nothing is hidden, so that nothing has to be looked through. */
  readonly complete: boolean;
  shows(field: string): boolean;
}

/** Parts of a ticket that are no fields and have a name of their own in access rules. */
export const ticketAttributes = [
  /** The lifecycle state with its category and regions, what is legal from it, and its hold. */
  'state',
  'requester',
  /** The agent, and an offer to one. */
  'assignee',
  'group',
  /** How and when it was resolved. */
  'resolution',
  /** Other tickets it is linked to, merged into or split from. */
  'links',
  /** Public words: comments and replies. */
  'comment',
  /** Internal words: notes, and the reasons that commands give. */
  'note',
  /** Promises and their clocks. */
  'sla',
  'rating',
  /** Times and counts measured on the ticket. */
  'metrics',
] as const;
export type TicketAttribute = (typeof ticketAttributes)[number];

/** What the engine asks, at the moment of deciding and on the state that is decided on. */
export interface CommandGuard {
  /**
   * The rejection of a command that the principal may not give; `undefined` where it may. `ticket` is
   * undefined for one that does not exist yet. A ticket that the principal may not read is answered as if it
   * did not exist.
   */
  refuse(
    command: StampedCommand,
    ticket: TicketState | undefined,
    others: ReadonlyMap<TicketId, TicketState>,
  ): Rejection | undefined;
  /** A rejection by the workflow's rules, without what the principal may not see of the ticket. */
  conceal(rejection: Rejection, ticket: TicketState | undefined): Rejection;
  /**
   * Whether the answer to an accepted command may say the state that the ticket is in. Without it, it may.
   */
  tellsState?(ticket: TicketState): boolean;
  /** Whether the ticket may be read. Without it, it may. */
  reads?(ticket: TicketState): boolean;
  /** Who asks, by the principal's id: an answer that is under way for one is not told to another. */
  readonly asker?: string;
}

/** What one principal may do and see under one version of the policy. */
export interface Guard extends CommandGuard {
  readonly principal: Principal;
  /** Goes with every decision that is told or written down. */
  readonly policyVersion: number;
  /**
   * Whether every ticket and everything of it may be read, whatever it holds; readers then need not look at
   * single ones.
   */
  readonly readsAll: boolean;
  /** `undefined` for a ticket that may not be read at all: to its caller there is none. */
  view(ticket: TicketState): TicketView | undefined;
  /**
   * The event without what `view`, of its ticket, hides. The event itself where nothing is hidden. An event
   * of which nothing but its envelope is left still tells that something happened.
   */
  redact(event: RecordedEvent, view: TicketView): RecordedEvent;
  /** Whether the principal may give a command of this type on the ticket now, its own data left aside. */
  may(commandType: StampedCommand['type'], ticket: TicketState): boolean;
  /** Fields and attributes that at least one ticket could show; the others need not be asked for. */
  mayEverShow(field: string): boolean;
}

/** Makes guards by the policy of the moment. Guards are kept: making one for a known principal is cheap. */
export interface Access {
  guardOf(principal: Principal): Guard;
}
