/** Makers of tickets and actors for domain tests: everything unremarkable, overridden where a test cares. */
import type { TicketState } from '../../domain/ticket/state.ts';
import type { Actor, Role } from '../../domain/ticket/values.ts';

/** 2026-03-02 09:00 UTC, a Monday. */
export const monday9 = Date.UTC(2026, 2, 2, 9);

export function actor(role: Role, id = `${role}-1`): Actor {
  return { id, role };
}

export function ticketState(overrides: Partial<TicketState> = {}): TicketState {
  return {
    ticketId: 'T-1',
    workflow: 'support@1',
    revision: 1,
    state: 'new/unassigned/L0',
    openedAt: monday9,
    openedBy: actor('requester'),
    requester: undefined,
    assignee: undefined,
    group: undefined,
    offer: undefined,
    hold: undefined,
    resolvedAt: undefined,
    resolutionCode: undefined,
    mergedInto: undefined,
    links: [],
    fields: {},
    replied: undefined,
    clocks: undefined,
    ...overrides,
  };
}
