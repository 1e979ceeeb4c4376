/**
 * The built-in mappings, each with payloads that are made by hand after what its source documents:
 * developer.zendesk.com/api-reference/webhooks/event-types/ticket-events, docs.github.com/webhooks (issues,
 * issue_comment, ping), developer.atlassian.com/cloud/jira/platform/webhooks, admin-docs.zammad.org
 * (manage/webhook/payload), developers.intercom.com (notification_event, conversation model). Freshdesk,
 * ServiceNow, Standard Webhooks and CloudEvents carry the plain form of docs/webhooks.md.
 */
import { describe, expect, it } from 'vitest';
import type { RecordedEvent } from '../../../domain/ticket/events.ts';
import { openDesk, payload } from './desk.ts';

const at = (text: string) => Date.parse(text);

describe('a delivery of', () => {
  const cases = [
    {
      name: 'zendesk-status-changed',
      source: 'zendesk',
      ticketId: 'ZD-5158',
      ticket: {
        state: 'on_hold/assigned/L0',
        requester: '8447388090001',
        assignee: '8447388090494',
        group: '8447320466430',
        hold: { reason: 'caller' },
        openedAt: at('2026-03-02T10:12:07Z'),
        fields: { subject: 'Printer', priority: 'high', tags: ['hardware'] },
      },
      last: { type: 'TicketHeld', onBehalfOf: { id: '8447388090494', role: 'agent' } },
    },
    {
      name: 'zendesk-comment-added',
      source: 'zendesk',
      ticketId: 'ZD-5159',
      ticket: { state: 'new/unassigned/L0', requester: '8447388090001', fields: { subject: 'Screen' } },
      last: {
        type: 'CommentAdded',
        data: { body: 'It flickers.', public: true },
        onBehalfOf: { id: '8447388090001', role: 'requester' },
        occurredAt: at('2026-03-02T10:13:00Z'),
      },
    },
    {
      name: 'github-issues-opened',
      source: 'github',
      ticketId: 'GH-1296269-42',
      ticket: {
        state: 'new/unassigned/L0',
        requester: 'rita',
        fields: { subject: 'Spelling error in the README', tags: ['bug'] },
      },
      last: { type: 'FieldsChanged' },
    },
    {
      name: 'github-issues-closed',
      source: 'github',
      ticketId: 'GH-1296269-42',
      ticket: { state: 'resolved/assigned/L0', assignee: 'ana', resolutionCode: 'completed' },
      last: { type: 'TicketResolved', onBehalfOf: { id: 'ana', role: 'agent' } },
    },
    {
      name: 'github-issue-comment',
      source: 'github',
      ticketId: 'GH-1296269-42',
      ticket: { state: 'new/unassigned/L0', requester: 'rita' },
      last: { type: 'CommentAdded', onBehalfOf: { id: 'bo', role: 'agent' } },
    },
    {
      name: 'jira-issue-updated',
      source: 'jira',
      ticketId: 'JIRA-OPS-7',
      ticket: {
        state: 'open/assigned/L0',
        assignee: '5b10a2844c20165700ede21g',
        openedAt: at('2026-03-02T09:12:07Z'),
        fields: { subject: 'Printer on fire', priority: 'high', tags: ['hardware'] },
      },
      last: { type: 'TicketAssigned' },
    },
    {
      name: 'jira-comment-created',
      source: 'jira',
      ticketId: 'JIRA-OPS-7',
      ticket: { state: 'new/unassigned/L0' },
      last: { type: 'CommentAdded', data: { body: 'On my way.', public: false } },
    },
    {
      name: 'zammad-ticket',
      source: 'zammad',
      ticketId: 'ZAM-10081',
      ticket: { state: 'open/assigned/L0', assignee: 'chris@chrispresso.example', group: 'Users' },
      last: { type: 'CommentAdded', onBehalfOf: { id: 'Emily Adams', role: 'requester' } },
    },
    {
      name: 'intercom-conversation-replied',
      source: 'intercom',
      ticketId: 'IC-147',
      ticket: { state: 'open/assigned/L0', assignee: '1295', requester: '530370b477ad7120001d' },
      last: { type: 'CommentAdded', data: { body: '<p>Hello!</p>', public: true } },
    },
    {
      name: 'freshdesk-ticket',
      source: 'freshdesk',
      ticketId: 'FD-77',
      ticket: { state: 'on_hold/assigned/L0', assignee: 'ana', group: 'desk', requester: 'rita' },
      last: { type: 'CommentAdded', data: { body: 'Which printer?', public: true } },
    },
    {
      name: 'servicenow-incident',
      source: 'servicenow',
      ticketId: 'SN-INC0010042',
      ticket: { state: 'open/assigned/L0', fields: { priority: 'high' } },
      last: { type: 'CommentAdded' },
    },
    {
      name: 'standard-webhooks-ticket',
      source: 'standard-webhooks',
      ticketId: '77',
      ticket: { state: 'on_hold/assigned/L0' },
      last: { type: 'CommentAdded', occurredAt: at('2026-03-02T11:00:00Z') },
    },
    {
      name: 'cloudevents-structured',
      source: 'cloudevents',
      ticketId: '77',
      ticket: { state: 'on_hold/assigned/L0' },
      last: { type: 'TicketHeld' },
    },
  ];

  it.each(cases)('$name makes $ticketId what it says', async ({ name, source, ticketId, ticket, last }) => {
    const desk = await openDesk();
    const headers: Record<string, string> =
      name === 'cloudevents-structured' ? { 'content-type': 'application/cloudevents+json' } : {};
    const taken = await desk.send(source, await payload(name), headers);
    expect(desk.letters.all().map(({ problem }) => problem)).toEqual([]);
    expect(taken).toMatchObject({ status: 'applied' });
    expect(await desk.ticket(ticketId)).toMatchObject(ticket);
    const events: readonly RecordedEvent[] = await desk.log.readTicket(ticketId);
    expect(events.at(-1)).toMatchObject({ ...last, source, actor: { id: source, role: 'integration' } });
    // Everything of it is there already, so that it changes nothing when it comes again.
    expect(await desk.send(source, await payload(name), headers)).toMatchObject({ status: 'unchanged' });
    expect(await desk.log.readTicket(ticketId)).toHaveLength(events.length);
  });

  it('something that no rule is for is ignored, and nothing is kept of it', async () => {
    const desk = await openDesk();
    expect(await desk.send('github', await payload('github-ping'))).toMatchObject({ status: 'ignored' });
    expect(await desk.send('intercom', { id: 'n1', topic: 'ping' })).toMatchObject({ status: 'ignored' });
    expect(await desk.log.head()).toBe(0);
    expect(desk.journal.entries).toEqual([]);
  });
});

describe('CloudEvents', () => {
  it('are the same in binary mode, whose headers are percent-encoded', async () => {
    const desk = await openDesk();
    const data = { ticket: { id: 'b-1', subject: 'Binary', status: 'Open', assignee: 'bo' } };
    const taken = await desk.send('cloudevents', data, {
      'ce-specversion': '1.0',
      'ce-id': 'e%201',
      'ce-source': '/desk',
      'ce-type': 'ticket.updated',
      'ce-time': '2026-03-02T11:00:00Z',
    });
    expect(taken).toMatchObject({ id: '/desk#e 1', status: 'applied' });
    expect(await desk.ticket('b-1')).toMatchObject({
      openedAt: at('2026-03-02T11:00:00Z'),
      assignee: 'bo',
      fields: { subject: 'Binary' },
    });
  });

  it('of a batch are taken one by one, each under its own id', async () => {
    const desk = await openDesk();
    const event = (id: string, ticket: string) => ({
      specversion: '1.0',
      id,
      source: '/desk',
      type: 't',
      time: '2026-03-02T11:00:00Z',
      data: { ticket: { id: ticket, status: 'Open' } },
    });
    const { headers, ...rest } = {
      query: '',
      body: Buffer.from(JSON.stringify([event('1', 'x-1'), event('2', 'x-2'), event('1', 'x-1')])),
      headers: {
        'content-type': 'application/cloudevents-batch+json',
        authorization: 'Bearer a secret for tests only',
      },
    };
    const taken = await desk.intake.take('cloudevents', { headers, ...rest });
    expect(taken.map(({ id, status }) => [id, status])).toEqual([
      ['/desk#1', 'applied'],
      ['/desk#2', 'applied'],
      ['/desk#1', 'unchanged'],
    ]);
  });
});
