/** The incident workflow told as stories, after ServiceNow's state model. */
import { describe, expect, it } from 'vitest';
import { command, Story } from '../../support/given.ts';

const open = { ...command('OpenTicket', { requester: 'Caller 7' }), workflow: 'incident' };
const start = command('StartWork');
const hold = command('HoldTicket', { reason: 'vendor' });
const resolve = command('ResolveTicket', { code: 'code 5' });

describe('an incident', () => {
  it('goes from new over in progress to resolved and closed', () => {
    const story = Story.given(open, start, resolve).when(command('CloseTicket'));
    expect(story.ticket()).toMatchObject({ state: 'closed/unassigned', resolutionCode: 'code 5' });
  });

  it('stays new when it is assigned, with or without a group', () => {
    const story = Story.given(open).when(command('AssignTicket', { agent: 'Resolver 1', group: 'Group 2' }));
    expect(story.ticket()).toMatchObject({ state: 'new/assigned', group: 'Group 2', assignee: 'Resolver 1' });
    story.when(command('AssignTicket', { agent: 'Resolver 1', group: null }));
    story.thenEvents([{ type: 'TicketAssigned', data: { agent: 'Resolver 1', group: null } }]);
    expect(story.ticket().group).toBeUndefined();
  });

  it('may be held again for another reason, and not twice for the same', () => {
    const story = Story.given(open, hold).when(command('HoldTicket', { reason: 'problem' }));
    story.thenEvents([{ type: 'TicketHeld', data: { reason: 'problem' } }], 'on_hold/unassigned');
    story.when(command('HoldTicket', { reason: 'problem' })).thenEvents([]);
  });

  it('is held for the caller only with a public comment, unless an integration repeats it', () => {
    const forCaller = command('HoldTicket', { reason: 'caller' });
    Story.given(open)
      .when(forCaller)
      .thenRejected('condition_unmet', /public comment/);
    Story.given(open)
      .when(command('HoldTicket', { reason: 'caller' }, 'integration'))
      .thenEvents([{ type: 'TicketHeld', data: { reason: 'caller' } }]);
  });

  it('goes on when the caller answers a hold for the caller', () => {
    const story = Story.given(open, command('HoldTicket', { reason: 'caller' }, 'integration'));
    story.when(command('RecordRequesterReply', { body: 'Yes.' }, 'requester'));
    expect(story.ticket()).toMatchObject({ state: 'in_progress/unassigned', hold: undefined });
  });

  it('is reopened from resolved, never from closed', () => {
    Story.given(open, resolve)
      .when(command('ReopenTicket'))
      .thenEvents([{ type: 'TicketReopened', data: {} }], 'in_progress/unassigned');
    Story.given(open, resolve, command('CloseTicket'))
      .when(command('ReopenTicket'))
      .thenRejected('illegal_transition');
  });

  it('is closed unresolved only by leads and integrations', () => {
    Story.given(open)
      .when(command('CloseTicket'))
      .thenRejected('role_not_permitted', /lead, integration/);
    Story.given(open)
      .when(command('CloseTicket', {}, 'integration'))
      .thenEvents([{ type: 'TicketClosed', data: {} }], 'closed/unassigned');
  });

  it('has no offers and no escalation', () => {
    Story.given(open).when(command('EscalateTicket')).thenRejected('illegal_transition');
    Story.given(open)
      .when(command('OfferTicket', { agent: 'a', expiresAt: 0 }))
      .thenRejected('illegal_transition');
  });
});
