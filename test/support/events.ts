/** Makers of events. Imports no test runner, so that child processes can use it too. */
import type { NewEvent, TicketEvent } from '../../domain/ticket/events.ts';

export function newEvent(event: TicketEvent, envelope: Partial<NewEvent> = {}): NewEvent {
  return {
    schemaVersion: 1,
    workflow: 'support@1',
    state: 'open/assigned/L0',
    occurredAt: Date.UTC(2025, 11, 31),
    actor: { id: 'ada', role: 'agent' },
    ...envelope,
    ...event,
  } as NewEvent;
}
