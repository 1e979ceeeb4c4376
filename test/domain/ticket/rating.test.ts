/** What a requester says of how the ticket was resolved: when it may be said, by whom, and again. */
import { describe, expect, it } from 'vitest';
import { command, Story } from '../../support/given.ts';

const open = command('OpenTicket', { requester: 'rita' }, 'requester');
const assign = command('AssignTicket', { agent: 'ana' });
const resolve = command('ResolveTicket', { code: 'fixed', notes: 'Replaced the drum.' });
const confirm = command('ConfirmResolution', {}, 'requester');
const good = command('RateTicket', { rating: 'good', comment: 'Quick!' }, 'requester');

describe('a rating', () => {
  it('is given once the ticket is resolved, and changes nothing else', () => {
    const story = Story.given(open, assign, resolve);
    const before = story.ticket();
    story
      .when(good)
      .thenEvents(
        [{ type: 'TicketRated', data: { rating: 'good', comment: 'Quick!' } }],
        'resolved/assigned/L0',
      );
    expect(story.ticket()).toEqual({ ...before, revision: before.revision + 1 });
  });

  it('may still be given, and taken back, when the ticket is closed', () => {
    Story.given(open, assign, resolve, good, confirm)
      .when(command('RateTicket', { rating: 'bad' }, 'integration'))
      .thenEvents([{ type: 'TicketRated', data: { rating: 'bad' } }], 'closed/assigned/L0');
  });

  it('is refused before there is a resolution, and to those who did the work', () => {
    Story.given(open, assign).when(good).thenRejected('illegal_transition');
    Story.given(open, assign, resolve)
      .when(command('RateTicket', { rating: 'good' }, 'agent'))
      .thenRejected('role_not_permitted', /requester, integration/);
    Story.given(open, assign, command('CancelTicket', { reason: 'spam' }, 'lead'))
      .when(good)
      .thenRejected('illegal_transition');
  });

  it('is known to the incident workflow too', () => {
    const incident = { ...open, workflow: 'incident' };
    const resolved = Story.given(incident, assign, command('ResolveTicket', {}));
    resolved.when(good).thenEvents([{ type: 'TicketRated', data: { rating: 'good', comment: 'Quick!' } }]);
    resolved.when(confirm).when(command('RateTicket', { rating: 'bad' }, 'requester'));
    expect(resolved.ticket().state).toBe('closed/assigned');
    expect(resolved.decision).toMatchObject({ status: 'accepted' });
  });
});
