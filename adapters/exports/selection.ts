/**
 * Which events an export holds, as its caller says it. Every condition that is given must hold.
 */
import type { RecordedEvent } from '../../domain/ticket/events.ts';
import type { EpochMs, TicketId } from '../../domain/ticket/values.ts';

/** The two times that an event carries: when it happened outside, and when the log committed it. */
export const selectableTimes = ['occurred', 'recorded'] as const;
export type SelectableTime = (typeof selectableTimes)[number];

/** Tickets that a selection may name. They are held in memory, about 100 bytes each. */
export const selectedTicketsMax = 1_000_000;

export interface EventSelection {
  /** The first time that is selected. */
  readonly from?: EpochMs | undefined;
  /** The first time that is not selected any more. */
  readonly to?: EpochMs | undefined;
  /** Which of an event's times `from` and `to` are about. */
  readonly time: SelectableTime;
  /** The first and the last position that are selected, in each partition. */
  readonly fromPosition?: number | undefined;
  readonly toPosition?: number | undefined;
  /** A name, which means all versions, or name@version. */
  readonly workflow?: string | undefined;
  readonly tickets?: ReadonlySet<TicketId> | undefined;
}

/** Whether the ticket of this event can have selected events at all. */
export function isCaseSelected({ workflow, tickets }: EventSelection, event: RecordedEvent): boolean {
  if (tickets !== undefined && !tickets.has(event.ticketId)) return false;
  if (workflow === undefined || event.workflow === workflow) return true;
  return event.workflow.startsWith(workflow) && event.workflow[workflow.length] === '@';
}

/** Whether the event lies between the selected times. */
export function isTimeSelected({ from, to, time }: EventSelection, event: RecordedEvent): boolean {
  if (from === undefined && to === undefined) return true;
  const at = time === 'occurred' ? event.occurredAt : event.recordedAt;
  return (from === undefined || at >= from) && (to === undefined || at < to);
}
