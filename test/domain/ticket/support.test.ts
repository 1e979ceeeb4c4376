/** The support desk told as stories: what each command makes of a ticket, and who may not. */
import { describe, expect, it } from 'vitest';
import { command, Story } from '../../support/given.ts';
import { actor, monday9 } from '../../support/tickets.ts';

const open = command('OpenTicket', { requester: 'rita', fields: { subject: 'Printer' } }, 'requester');
const assign = command('AssignTicket', { agent: 'ana' });
const resolve = command('ResolveTicket', { code: 'fixed', notes: 'Replaced the drum.' });
const publicly = { comment: { body: 'Which printer?', public: true } };

describe('opening', () => {
  it('begins as new and unassigned', () => {
    Story.given()
      .when(open)
      .thenEvents(
        [{ type: 'TicketOpened', data: { requester: 'rita', fields: { subject: 'Printer' } } }],
        'new/unassigned/L0',
      );
  });

  it('is open at once when an assignee is given', () => {
    Story.given()
      .when(command('OpenTicket', { group: 'first line', agent: 'ana' }))
      .thenEvents(
        [
          { type: 'TicketOpened', data: {} },
          { type: 'TicketQueued', data: { group: 'first line' } },
          { type: 'TicketAssigned', data: { agent: 'ana' } },
        ],
        'open/assigned/L0',
      );
  });

  it('lets the desk place the ticket of a requester, who may not assign', () => {
    const story = Story.given().when(command('OpenTicket', { group: 'first line' }, 'requester'));
    const decision = story.decision;
    expect(decision?.status === 'accepted' && decision.events[1]).toMatchObject({
      type: 'TicketQueued',
      actor: { role: 'system' },
      onBehalfOf: actor('requester'),
    });
  });

  it('is refused for an id that exists, and for an unknown workflow', () => {
    Story.given(open).when(open).thenRejected('ticket_exists');
    Story.given()
      .when({ ...open, workflow: 'nope' })
      .thenRejected('workflow_unknown', /support@1, incident@1/);
  });
});

describe('work', () => {
  it('moves from new to open by assignment, and needs an assignee to start', () => {
    Story.given(open)
      .when(command('StartWork'))
      .thenRejected('condition_unmet', /assignee/);
    Story.given(open)
      .when(assign)
      .thenEvents([{ type: 'TicketAssigned', data: { agent: 'ana' } }], 'open/assigned/L0');
  });

  it('waits for the requester only with a public comment', () => {
    Story.given(open, assign)
      .when(command('AwaitRequester', { comment: { body: 'hm', public: false } }))
      .thenRejected('condition_unmet', /public comment/)
      .when(command('AwaitRequester', publicly))
      .thenEvents([{ type: 'RequesterAwaited', data: publicly }], 'pending/assigned/L0');
  });

  it('opens again when the requester answers', () => {
    Story.given(open, assign, command('AwaitRequester', publicly))
      .when(command('RecordRequesterReply', { body: 'The grey one.' }, 'requester'))
      .thenEvents([{ type: 'RequesterReplied', data: { body: 'The grey one.' } }], 'open/assigned/L0');
  });

  it('leaves a hold by reply only when it was for the caller', () => {
    const reply = command('RecordRequesterReply', { body: 'Any news?' }, 'requester');
    const caller = Story.given(open, assign, command('HoldTicket', { reason: 'caller' })).when(reply);
    expect(caller.ticket()).toMatchObject({ state: 'open/assigned/L0', hold: undefined });
    const vendor = Story.given(open, assign, command('HoldTicket', { reason: 'vendor' })).when(reply);
    expect(vendor.ticket()).toMatchObject({ state: 'on_hold/assigned/L0', hold: { reason: 'vendor' } });
  });

  it('ends a hold by its own timer only', () => {
    const until = monday9 + 3_600_000;
    Story.given(open, assign, command('HoldTicket', { reason: 'scheduled', until, timerId: 'w2' }))
      .when(command('ExpireHold', { timerId: 'w1' }, 'system'))
      .thenRejected('condition_unmet', /w1/)
      .when(command('ExpireHold', { timerId: 'w2' }, 'system'))
      .thenEvents([{ type: 'HoldExpired', data: { timerId: 'w2' } }], 'open/assigned/L0');
  });

  it('escalates step by step and no higher than L3', () => {
    const up = command('EscalateTicket', {}, 'lead');
    const story = Story.given(open, up, up, up);
    expect(story.ticket().state).toBe('new/unassigned/L3');
    story.when(up).thenRejected('illegal_transition');
  });
});

describe('assignment', () => {
  const queue = command('QueueTicket', { group: 'network' });
  const offer = command('OfferTicket', { agent: 'bo', expiresAt: monday9 + 60_000 }, 'system');

  it('goes from queue to offer to agent', () => {
    Story.given(open, queue, offer)
      .when(command('AcceptOffer', { agent: 'bo' }))
      .thenEvents([{ type: 'OfferAccepted', data: { agent: 'bo' } }], 'open/assigned/L0');
  });

  it('is not accepted by another agent, nor after it expired', () => {
    Story.given(open, queue, offer)
      .when(command('AcceptOffer', { agent: 'ana' }))
      .thenRejected('condition_unmet', /offered to bo, not to ana/)
      .when(command('AcceptOffer', { agent: 'bo' }, 'agent', 1))
      .thenRejected('condition_unmet', /expired/);
  });

  it('goes back to the queue when declined, expired, or when the agent leaves', () => {
    const declined = Story.given(open, queue, offer).when(command('DeclineOffer', { agent: 'bo' }));
    expect(declined.ticket()).toMatchObject({ state: 'new/queued/L0', offer: undefined, group: 'network' });
    const expired = Story.given(open, queue, offer).when(command('ExpireOffer', {}, 'system', 1));
    expect(expired.ticket().state).toBe('new/queued/L0');
    const left = Story.given(open, queue, assign).when(command('MarkAgentOffline', {}, 'system'));
    expect(left.ticket()).toMatchObject({ state: 'open/queued/L0', assignee: undefined });
    const homeless = Story.given(open, assign).when(command('RemoveAgent', {}, 'lead'));
    expect(homeless.ticket().state).toBe('open/unassigned/L0');
  });

  it('refuses an agent found unfit by whoever assigns', () => {
    Story.given(open)
      .when(command('AssignTicket', { agent: 'ana', eligibility: { hasCapacity: false } }))
      .thenRejected('condition_unmet', /no spare capacity/);
  });

  it('yields no event when nothing would change', () => {
    Story.given(open, assign).when(assign).thenEvents([]);
    Story.given(open, queue).when(queue).thenEvents([]);
  });
});

describe('resolution', () => {
  it('needs an assignee, a code and notes', () => {
    Story.given(open)
      .when(resolve)
      .thenRejected('condition_unmet', /assignee/);
    Story.given(open, assign)
      .when(command('ResolveTicket', { code: 'fixed' }))
      .thenRejected('condition_unmet', /data.notes/);
    Story.given(open, assign)
      .when(resolve)
      .thenEvents(
        [{ type: 'TicketResolved', data: { code: 'fixed', notes: 'Replaced the drum.' } }],
        'resolved/assigned/L0',
      );
  });

  it('waits for open children', () => {
    const child = { ...open, ticketId: 'T-2' };
    const link = command('LinkTicket', { ticket: 'T-2', relation: 'child' });
    const story = Story.given(open, child, assign, link);
    story.when(resolve).thenRejected('condition_unmet', /T-2 is still open/);
    story.when({ ...assign, ticketId: 'T-2' }).when({ ...resolve, ticketId: 'T-2' });
    story
      .when(resolve)
      .thenEvents([{ type: 'TicketResolved', data: resolve.data as { code: string; notes: string } }]);
  });

  it('closes when the requester confirms, or by itself after four days', () => {
    Story.given(open, assign, resolve)
      .when(command('ConfirmResolution', {}, 'requester'))
      .thenEvents([{ type: 'ResolutionConfirmed', data: {} }], 'closed/assigned/L0');
    Story.given(open, assign, resolve)
      .when(command('CloseTicket', {}, 'system', 95))
      .thenRejected('condition_unmet', /4 days/)
      .when(command('CloseTicket', {}, 'system', 96))
      .thenEvents([{ type: 'TicketClosed', data: {} }], 'closed/assigned/L0');
  });

  it('is reopened by a reply inside 28 days, and not after', () => {
    const reply = (hours: number) => command('RecordRequesterReply', { body: 'Again!' }, 'requester', hours);
    const reopened = Story.given(open, assign, resolve).when(reply(27 * 24));
    expect(reopened.ticket()).toMatchObject({ state: 'open/assigned/L0', resolvedAt: undefined });
    Story.given(open, assign, resolve)
      .when(reply(29 * 24))
      .thenRejected('condition_unmet', /28 days/);
  });
});

describe('final tickets', () => {
  const closed = [open, assign, resolve, command('ConfirmResolution', {}, 'requester')];

  it('take tags, subject, priority, links and redaction, and nothing else', () => {
    Story.given(...closed)
      .when(command('ChangeFields', { fields: { tags: ['printer'] } }))
      .thenEvents([{ type: 'FieldsChanged', data: { fields: { tags: ['printer'] } } }], 'closed/assigned/L0')
      .when(command('ChangeFields', { fields: { category: 'x' } }))
      .thenRejected('condition_unmet', /not category/)
      .when(command('AddComment', { body: 'late', public: true }))
      .thenRejected('illegal_transition')
      .when(command('ReopenTicket'))
      .thenRejected('illegal_transition')
      .when(assign)
      .thenRejected('illegal_transition')
      .when(command('RedactContent', { fields: ['subject'], reason: 'personal data' }, 'lead'))
      .thenEvents([{ type: 'ContentRedacted', data: { fields: ['subject'], reason: 'personal data' } }]);
  });

  it('are followed up by a new ticket, opened in the same write', () => {
    const story = Story.given(...closed).when(command('OpenFollowUp', {}, 'requester'), 'T-7');
    story.thenEvents([{ type: 'FollowUpOpened', data: { followUp: 'T-7' } }]);
    expect(story.ticket('T-7')).toMatchObject({
      state: 'new/unassigned/L0',
      requester: 'rita',
      links: [{ ticket: 'T-1', relation: 'follow_up_of' }],
    });
  });
});

describe('merging', () => {
  const other = { ...open, ticketId: 'T-2' };
  const merge = command('MergeTicket', { into: 'T-2' });

  it('ends one ticket and tells the other, in one write', () => {
    const story = Story.given(open, other).when(merge);
    story.thenEvents([{ type: 'TicketMerged', data: { into: 'T-2' } }], 'merged/unassigned/L0');
    expect(story.ticket('T-2').links).toEqual([{ ticket: 'T-1', relation: 'merged' }]);
    expect(story.ticket('T-2').revision).toBe(2);
  });

  it('is refused into itself, into nothing, and into a final ticket', () => {
    Story.given(open)
      .when(command('MergeTicket', { into: 'T-1' }))
      .thenRejected('condition_unmet', /itself/)
      .when(merge)
      .thenRejected('condition_unmet', /does not exist/);
    const cancelled = command('CancelTicket', { reason: 'spam' });
    Story.given(open, other, { ...cancelled, ticketId: 'T-2' })
      .when(merge)
      .thenRejected('condition_unmet', /already final/);
  });
});

describe('who may', () => {
  it('cancels a new ticket as an agent, and later only as a lead', () => {
    const cancel = command('CancelTicket', { reason: 'unnecessary' });
    Story.given(open)
      .when(cancel)
      .thenEvents([{ type: 'TicketCancelled', data: { reason: 'unnecessary' } }]);
    Story.given(open, assign)
      .when(cancel)
      .thenRejected('role_not_permitted', /is for lead, not for agent/)
      .when({ ...cancel, actor: actor('lead') })
      .thenEvents([{ type: 'TicketCancelled', data: { reason: 'unnecessary' } }]);
  });

  it('lets an integration use the rights of the person it stands in for, and an agent not', () => {
    const cancel = command('CancelTicket', { reason: 'spam' }, 'integration');
    Story.given(open, assign).when(cancel).thenRejected('role_not_permitted');
    Story.given(open, assign)
      .when({ ...cancel, actor: actor('agent'), onBehalfOf: actor('lead') })
      .thenRejected('role_not_permitted');
    Story.given(open, assign)
      .when({ ...cancel, onBehalfOf: actor('lead') })
      .thenEvents([{ type: 'TicketCancelled', data: { reason: 'spam' } }]);
  });
});

describe('rejections', () => {
  it('say what was tried, where the ticket is, and what is legal from there', () => {
    const story = Story.given(open).when(command('ReopenTicket'));
    expect(story.decision).toMatchObject({
      status: 'rejected',
      code: 'illegal_transition',
      tried: 'ReopenTicket',
      ticketId: 'T-1',
      state: 'new/unassigned/L0',
      revision: 1,
    });
    const legal = story.decision?.status === 'rejected' ? story.decision.legal : [];
    expect(legal.map((each) => each.command)).toContain('AssignTicket');
    expect(legal.find((each) => each.command === 'StartWork')).toEqual({
      command: 'StartWork',
      to: ['open'],
      by: ['agent', 'lead', 'system'],
      needs: ['the ticket has an assignee'],
    });
    expect(legal.map((each) => each.command)).not.toContain('ReopenTicket');
  });

  it('name the revision that the caller expected and the one that is', () => {
    Story.given(open, assign)
      .when({ ...resolve, expectedRevision: 1 })
      .thenRejected('revision_conflict', /at revision 2, not at 1/);
    Story.given().when(resolve).thenRejected('ticket_not_found', /T-1/);
    Story.given()
      .when({ ...open, expectedRevision: 3 })
      .thenRejected('revision_conflict', /at revision 0, not at 3/);
  });
});
