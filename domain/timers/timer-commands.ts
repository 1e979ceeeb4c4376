/**
 * What time itself asks of tickets: the ordinary command that each timer issues when it is due. The command
 * happens at the due time, however late somebody wakes up, and its id follows from the timer alone: a
 * restart, or a second server, sends the same command again and gets the same answer.
 */
import type { Command } from '../ticket/commands.ts';
import { type Actor, type EpochMs, nameCharactersMax, type TicketId } from '../ticket/values.ts';

export const timerKinds = ['sla', 'hold', 'offer', 'close'] as const;
export type TimerKind = (typeof timerKinds)[number];

/** A timer that is due. */
export interface DueTimer {
  readonly kind: TimerKind;
  readonly ticketId: TicketId;
  readonly dueAt: EpochMs;
  /** The clock of an SLA timer, the timer id of a hold; empty for the others. */
  readonly name: string;
}

export const timerActor: Actor = { id: 'docket-timers', role: 'system' };
/** By which the events of timers are known. */
export const timerSource = 'docket-timers';

export function timerCommand(timer: DueTimer): Command & { readonly commandId: string } {
  const { ticketId, dueAt: occurredAt } = timer;
  const envelope = { ticketId, occurredAt, actor: timerActor, source: timerSource, commandId: idOf(timer) };
  switch (timer.kind) {
    case 'sla':
      return { type: 'BreachSla', ...envelope, data: { clock: timer.name } };
    case 'hold':
      return { type: 'ExpireHold', ...envelope, data: { timerId: timer.name } };
    case 'offer':
      return { type: 'ExpireOffer', ...envelope, data: {} };
    case 'close':
      return { type: 'CloseTicket', ...envelope, data: {} };
    default:
      return timer.kind;
  }
}

/**
 * Names of timers may be as long as ids; what is cut off only matters where two began alike and ended
 * together.
 */
function idOf({ kind, ticketId, dueAt, name }: DueTimer): string {
  return `timer:${kind}:${ticketId}:${dueAt}:${name}`.slice(0, nameCharactersMax);
}
