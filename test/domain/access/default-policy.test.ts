/** What the built-in rules let each role do: what a desk expects before it has written any. */
import { describe, expect, it } from 'vitest';
import { checkPolicy } from '../../../domain/access/check-policy.ts';
import { defaultPolicy } from '../../../domain/access/default-policy.ts';
import { ticketAttributes } from '../../../domain/access/guard.ts';
import { type CommandType, commandTypes } from '../../../domain/ticket/commands.ts';
import type { StampedCommand } from '../../../domain/ticket/decision.ts';
import type { TicketState } from '../../../domain/ticket/state.ts';
import { accessBy, expressions, principal } from '../../support/access.ts';
import { command } from '../../support/given.ts';
import { ticketState } from '../../support/tickets.ts';

const access = accessBy(defaultPolicy);
const guardOf = (...roles: readonly string[]) => access.guardOf(principal(roles));
const own = ticketState({ requester: 'ana' });
const others = ticketState({ requester: 'bo' });
const acting: readonly CommandType[] = commandTypes.filter((type) => type !== 'OpenTicket');

function allowed(role: string, ticket: TicketState): readonly CommandType[] {
  return acting.filter((type) => guardOf(role).may(type, ticket));
}

function refused(role: string, type: CommandType, data: object, ticket?: TicketState): string | undefined {
  const given: StampedCommand = { ...command(type, data), ticketId: 'T-1', occurredAt: 0 };
  return guardOf(role).refuse(given, ticket, new Map())?.code;
}

describe('the built-in rules', () => {
  it('have nothing wrong with them', () => {
    expect(checkPolicy(defaultPolicy, expressions)).toEqual([]);
  });

  it('let staff do everything, but for cancelling what was worked on and for redacting', () => {
    const open = ticketState({ state: 'open/assigned/L0', assignee: 'bo' });
    expect(allowed('agent', others)).toEqual(acting.filter((type) => type !== 'RedactContent'));
    expect(acting.filter((type) => !allowed('agent', open).includes(type))).toEqual([
      'CancelTicket',
      'RedactContent',
    ]);
    for (const role of ['admin', 'lead', 'integration']) expect(allowed(role, open)).toEqual(acting);
    for (const role of ['admin', 'lead', 'agent', 'integration', 'analyst', 'auditor']) {
      expect(guardOf(role).readsAll).toBe(true);
    }
    expect(
      refused('agent', 'OpenTicket', { requester: 'bo', group: 'desk', fields: { cost: 1 } }),
    ).toBeUndefined();
  });

  it('let requesters see their own tickets, without what is said inside', () => {
    const guard = guardOf('requester');
    const view = guard.view(own);
    expect(ticketAttributes.filter((name) => view?.shows(name) !== true)).toEqual(['note', 'sla', 'metrics']);
    expect(view?.shows('subject')).toBe(true);
    expect(guard.view(ticketState({ openedBy: { id: 'ana', role: 'requester' } }))).toBeDefined();
    expect(guard.view(others)).toBeUndefined();
    expect(guard.mayEverShow('note')).toBe(false);
    expect(guard.readsAll).toBe(false);
  });

  it('let requesters answer on their own tickets, in public', () => {
    const may = ['RecordRequesterReply', 'ConfirmResolution', 'ReopenTicket', 'AddComment', 'RateTicket'];
    expect(allowed('requester', own)).toEqual(acting.filter((type) => may.includes(type)));
    expect(allowed('requester', others)).toEqual([]);
    expect(refused('requester', 'AddComment', { body: 'x', public: true }, own)).toBeUndefined();
    expect(refused('requester', 'AddComment', { body: 'x', public: false }, own)).toBe('access_denied');
    expect(refused('requester', 'AddComment', { body: 'x', public: true }, others)).toBe('ticket_not_found');
    expect(refused('requester', 'ChangeFields', { fields: { priority: 'high' } }, own)).toBe('access_denied');
  });

  it('let requesters open tickets for themselves, and not place them', () => {
    expect(refused('requester', 'OpenTicket', { fields: { subject: 'x' } })).toBeUndefined();
    expect(refused('requester', 'OpenTicket', { requester: 'ana' })).toBeUndefined();
    expect(refused('requester', 'OpenTicket', { requester: 'bo' })).toBe('access_denied');
    expect(refused('requester', 'OpenTicket', { group: 'desk' })).toBe('access_denied');
    expect(refused('requester', 'OpenTicket', { agent: 'bo' })).toBe('access_denied');
  });

  it('let readers change nothing', () => {
    for (const role of ['analyst', 'auditor']) {
      expect(allowed(role, own)).toEqual([]);
      expect(refused(role, 'OpenTicket', {})).toBe('access_denied');
    }
  });
});
