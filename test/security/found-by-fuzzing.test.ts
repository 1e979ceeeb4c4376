/** What fuzzing found once, by itself and small: each did harm before it was mended. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deliveryEventSchema } from '../../adapters/webhooks/delivery-events.ts';
import { expectProblem, type Harness, startServer } from '../adapters/http/harness.ts';
import { openDesk } from '../adapters/webhooks/desk.ts';

describe('a delivery whose id is no text', () => {
  it.each([[[]], [['']], [{}]])('%j leaves a letter that the next start can read', async (id) => {
    const desk = await openDesk();
    const unreadable = { id, type: 'zen:event-type:ticket.x', detail: { id: '1' } };
    expect(await desk.send('zendesk', unreadable)).toMatchObject({ status: 'kept' });
    expect(desk.journal.entries).toHaveLength(1);
    for (const { event } of desk.journal.entries) deliveryEventSchema.parse(event);
  });

  it('is told from another one by its body', async () => {
    const desk = await openDesk();
    const first = { id: { a: 1 }, type: 'zen:event-type:ticket.x', detail: { id: '1' } };
    const taken = await desk.send('zendesk', first);
    const other = await desk.send('zendesk', { ...first, id: { b: 2 } });
    expect(other).toMatchObject({ status: 'kept' });
    expect(other.letter).not.toBe(taken.letter);
  });
});

describe('a delivery that names somebody by a map', () => {
  it.each([[{ toString: 'x' }], [{}], [['ana']]])('%j is kept, and no fault', async (accountId) => {
    const desk = await openDesk();
    const comment = { id: '1', author: { accountId }, body: 'On my way.', created: '2026-03-02T12:01:40Z' };
    const issue = { id: '2', key: 'OPS-7', fields: { summary: 'x' } };
    const sent = { webhookEvent: 'comment_created', timestamp: 1_772_449_300_000, comment, issue };
    expect(await desk.send('jira', sent)).toMatchObject({ status: 'kept', code: 'webhook_unreadable' });
  });
});

describe('a read of a position that the log does not hold', () => {
  let server: Harness;
  beforeAll(async () => {
    server = await startServer({ limits: { positionWaitMsMax: 10 } });
  });
  afterAll(() => server[Symbol.asyncDispose]());

  it('does not fill the log of the operator', async () => {
    const answer = await server.get('/v1/events?min-position=9');
    expectProblem(answer, 503, 'position_not_reached');
    expect(server.reported).toEqual([]);
  });
});

describe('an operation without a body', () => {
  it('declares that it refuses a body of an unknown kind', async () => {
    await using server = await startServer();
    const headers = { 'content-type': 'text/odd' };
    const path = '/v1/webhooks/dead-letters/github.0f1e2d3c4b5a6978/replay';
    const answer = await server.send(path, { method: 'POST', headers, body: 'x' });
    expectProblem(answer, 415, 'media_type_unsupported');
  });
});
