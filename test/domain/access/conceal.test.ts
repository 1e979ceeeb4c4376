/** Rejections tell what their reader may see, and nothing of what may not be seen. */
import { describe, expect, it } from 'vitest';
import { concealed } from '../../../domain/access/conceal.ts';
import type { TicketView } from '../../../domain/access/guard.ts';
import type { Rejection } from '../../../domain/ticket/rejection.ts';
import { guardNames } from '../../../domain/workflow/guards.ts';

const rejection: Rejection = {
  status: 'rejected',
  code: 'condition_unmet',
  message: 'a secret',
  ticketId: 'T-1',
  tried: 'ResolveTicket',
  state: 'open/assigned/L0',
  revision: 4,
  guard: 'childrenResolved',
  legal: [{ command: 'StartWork', to: ['open'], by: ['agent'], needs: [] }],
};
const showing = (...names: readonly string[]): TicketView => ({
  complete: false,
  shows: (name) => names.includes(name),
});

/** What has to be shown beside the state, for a guard's words to be told. */
const needed = new Map([
  ['assigneeSet', 'assignee'],
  ['groupKnown', 'group'],
  ['offeredToAgent', 'assignee'],
  ['offerOpen', 'assignee'],
  ['offerExpired', 'assignee'],
  ['childrenResolved', 'links'],
  ['insideReopenWindow', 'resolution'],
  ['autoCloseDue', 'resolution'],
  ['slaClockDue', 'sla'],
]);

describe('a rejection', () => {
  it('is told as it is to whoever sees everything', () => {
    expect(concealed(rejection, { complete: true, shows: () => true })).toBe(rejection);
  });

  it('without the state tells neither it nor what speaks of it', () => {
    for (const code of ['illegal_transition', 'role_not_permitted', 'condition_unmet'] as const) {
      expect(concealed({ ...rejection, code }, showing('links', 'assignee'))).toEqual({
        ...rejection,
        code,
        message: 'ResolveTicket is not possible for ticket T-1 as it is now',
        state: undefined,
        guard: undefined,
        legal: [],
      });
    }
  });

  it.each(guardNames)('by the guard %s tells its words only with what they speak of', (guard) => {
    const need = needed.get(guard);
    const given = { ...rejection, guard };
    expect(concealed(given, showing('state', need ?? 'state'))).toEqual(given);
    if (need === undefined) return;
    const told = concealed(given, showing('state'));
    expect(told).toMatchObject({ state: rejection.state, guard: undefined, legal: rejection.legal });
    expect(told.message).not.toContain('secret');
  });

  it('because of too many links tells so only with the links', () => {
    const given = { ...rejection, guard: undefined };
    expect(concealed(given, showing('state', 'links')).message).toBe('a secret');
    expect(concealed(given, showing('state')).message).not.toContain('secret');
  });

  it('of a revision keeps its words, and of a ticket that may not be read tells nothing of it', () => {
    const given = { ...rejection, code: 'revision_conflict' as const, guard: undefined };
    expect(concealed(given, showing())).toMatchObject({ message: 'a secret', revision: 4, state: undefined });
    const exists = { ...rejection, code: 'ticket_exists' as const };
    expect(concealed(exists, undefined)).toMatchObject({ revision: undefined, state: undefined, legal: [] });
  });
});
