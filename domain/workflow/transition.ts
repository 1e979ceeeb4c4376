/**
 * The words that workflows are made of: transitions (one per command that acts on an existing ticket),
 * the event each becomes, and the categories that every lifecycle state falls into.
 */
import type { CommandOf, CommandType } from '../ticket/commands.ts';
import type { EventType } from '../ticket/events.ts';
import type { Actor, EpochMs, TicketId } from '../ticket/values.ts';

/** Metrics bind to these, never to the names of states. */
export const categories = ['new', 'open', 'pending', 'hold', 'resolved', 'closed', 'cancelled'] as const;
export type Category = (typeof categories)[number];

export function isCategory(name: string): name is Category {
  return categories.some((category) => category === name);
}

/** Whether work is still to be done. */
export function isUnresolved(category: Category): boolean {
  return category === 'new' || category === 'open' || category === 'pending' || category === 'hold';
}

/** Categories in which the work is over for good: nothing but small corrections is accepted there. */
export const finalCategories: readonly Category[] = ['closed', 'cancelled'];

/**
 * What a machine can be asked for. The commands but `OpenTicket`, which makes the ticket and so has no state
 * to start from, and `AbsorbTicket`, the other half of `MergeTicket` that happens to the ticket merged into.
 */
export type TransitionType = Exclude<CommandType, 'OpenTicket'> | 'AbsorbTicket';

/**
 * Each transition and the event that records it, one to one: legality can so be checked from the log alone.
 */
export const eventOfTransition = {
  StartWork: 'WorkStarted',
  AssignTicket: 'TicketAssigned',
  QueueTicket: 'TicketQueued',
  OfferTicket: 'TicketOffered',
  AcceptOffer: 'OfferAccepted',
  DeclineOffer: 'OfferDeclined',
  ExpireOffer: 'OfferExpired',
  UnassignTicket: 'TicketUnassigned',
  RemoveAgent: 'AgentRemoved',
  MarkAgentOffline: 'AgentWentOffline',
  RecordRequesterReply: 'RequesterReplied',
  AwaitRequester: 'RequesterAwaited',
  HoldTicket: 'TicketHeld',
  ExpireHold: 'HoldExpired',
  ResumeTicket: 'TicketResumed',
  ResolveTicket: 'TicketResolved',
  ConfirmResolution: 'ResolutionConfirmed',
  CloseTicket: 'TicketClosed',
  ReopenTicket: 'TicketReopened',
  CancelTicket: 'TicketCancelled',
  MergeTicket: 'TicketMerged',
  AbsorbTicket: 'TicketAbsorbed',
  OpenFollowUp: 'FollowUpOpened',
  SplitTicket: 'TicketSplit',
  ChangeFields: 'FieldsChanged',
  AddComment: 'CommentAdded',
  LinkTicket: 'TicketLinked',
  RedactContent: 'ContentRedacted',
  EscalateTicket: 'TicketEscalated',
  RateTicket: 'TicketRated',
  BreachSla: 'SlaBreached',
  MoveTicket: 'TicketMoved',
} as const satisfies Record<TransitionType, EventType>;

export const transitionTypes = Object.keys(eventOfTransition).filter(isTransitionType);

export function isTransitionType(name: string): name is TransitionType {
  return Object.hasOwn(eventOfTransition, name);
}

type RequestData<T extends TransitionType> = T extends 'AbsorbTicket'
  ? { readonly from: TicketId }
  : T extends CommandType
    ? CommandOf<T>['data']
    : never;

/** One asking for a transition: what guards may look at beside the ticket. Told apart by `type`. */
export type TransitionRequest = {
  [T in TransitionType]: {
    readonly type: T;
    readonly data: RequestData<T>;
    readonly actor: Actor;
    readonly onBehalfOf?: Actor | undefined;
    readonly occurredAt: EpochMs;
  };
}[TransitionType];
