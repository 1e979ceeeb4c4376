/** The routes that look after webhooks: what they tell, what they do, and for whom. */
import { describe, expect, it } from 'vitest';
import type { WebhookLetter, WebhookOffice } from '../../../adapters/http/context.ts';
import { httpWebhookDesk } from '../../../adapters/http/webhook-client.ts';
import { trustedPrincipal } from '../../../domain/access/unrestricted.ts';
import { noWebhooks } from '../../../scripts/bench/http-parts.ts';
import { monday9 } from '../../support/tickets.ts';
import { expectProblem, startServer } from './harness.ts';

const letter: WebhookLetter = {
  id: 'github.0123456789abcdef',
  rule: 'issue',
  ticketId: 'GH-1-42',
  at: monday9,
  keptAt: monday9 + 1_000,
  replays: 0,
  problem: { code: 'illegal_transition', message: 'no', tried: 'AssignTicket', legal: ['ChangeFields'] },
  envelope: { id: 'd1', source: 'github', type: 'issues.closed', receivedAt: monday9 },
};

/** An office with one letter, which writes down what it is told: named a fake. */
class FakeOffice implements WebhookOffice {
  readonly told: unknown[] = [];
  open = true;

  sources() {
    const deliveries = { applied: 1, unchanged: 2, duplicate: 3, ignored: 4, kept: 5, refused: 6 };
    return [{ name: 'github', builtIn: true, enabled: true, deadLetters: 1, earlyLetters: 0, deliveries }];
  }

  letters(question: object) {
    this.told.push(question);
    return { total: 1, letters: this.open ? [letter] : [] };
  }

  letter(id: string) {
    return this.open && id === letter.id ? letter : undefined;
  }

  async replay(id: string, by: string) {
    this.told.push(['replay', id, by]);
    if (id !== letter.id) return { status: 'unknown' as const };
    return { status: 'refused' as const, problem: letter.problem };
  }

  async drop(id: string, by: string, reason: string) {
    this.told.push(['drop', id, by, reason]);
    const dropped = this.open && id === letter.id;
    this.open = false;
    return dropped;
  }
}

describe('the routes of webhooks', () => {
  it('tell sources and letters, and what was delivered only where one letter is asked for', async () => {
    const office = new FakeOffice();
    await using server = await startServer({ context: { webhooks: office } });
    expect((await server.get('/v1/webhooks/sources')).body).toEqual({ sources: office.sources() });
    const list = await server.get('/v1/webhooks/dead-letters?source=github&early=true&limit=5');
    expect(list.body).toMatchObject({
      total: 1,
      deadLetters: [{ id: letter.id, at: '2026-03-02T09:00:00.000Z' }],
    });
    expect(JSON.stringify(list.body)).not.toContain('delivery');
    expect(office.told).toEqual([{ source: 'github', early: true, limit: 5 }]);
    const one = await server.get(`/v1/webhooks/dead-letters/${letter.id}`);
    expect(one.body).toMatchObject({ delivery: { id: 'd1', receivedAt: '2026-03-02T09:00:00.000Z' } });
  });

  it('replay and drop in the name of the caller', async () => {
    const office = new FakeOffice();
    await using server = await startServer({ context: { webhooks: office } });
    const path = `/v1/webhooks/dead-letters/${letter.id}`;
    const replayed = await server.send(`${path}/replay`, { method: 'POST' });
    expect(replayed).toMatchObject({ status: 200, body: { status: 'refused', problem: letter.problem } });
    expect((await server.send(`${path}?reason=spam`, { method: 'DELETE' })).status).toBe(204);
    expect(office.told).toEqual([
      ['replay', letter.id, 'everybody'],
      ['drop', letter.id, 'everybody', 'spam'],
    ]);
    expectProblem(await server.send(`${path}?reason=spam`, { method: 'DELETE' }), 404, 'dead_letter_unknown');
    expectProblem(await server.send(path, { method: 'DELETE' }), 400, 'request_invalid');
    expectProblem(await server.get('/v1/webhooks/dead-letters/nonsense'), 400, 'request_invalid');
    expectProblem(await server.get('/v1/webhooks/dead-letters?limit=1001'), 400, 'request_invalid');
  });

  it('are for those with the scope webhooks:manage only', async () => {
    const { scopes, ...rest } = trustedPrincipal('someone');
    const others = new Set([...scopes].filter((scope) => scope !== 'webhooks:manage'));
    const authenticator = { authenticate: () => ({ ...rest, scopes: others }) };
    await using server = await startServer({ context: { webhooks: noWebhooks, authenticator } });
    for (const path of ['sources', 'dead-letters', `dead-letters/${letter.id}`]) {
      expectProblem(await server.get(`/v1/webhooks/${path}`), 403, 'scope_missing');
    }
  });

  it('are understood by their client', async () => {
    const office = new FakeOffice();
    await using server = await startServer({ context: { webhooks: office } });
    const desk = httpWebhookDesk(server.url);
    expect(await desk.sources()).toEqual(office.sources());
    expect(await desk.letters({ source: undefined, early: false, limit: 9 })).toMatchObject({ total: 1 });
    expect(await desk.letter(letter.id)).toMatchObject({ delivery: { id: 'd1' } });
    expect(await desk.replay(letter.id)).toMatchObject({ status: 'refused' });
    expect(await desk.drop(letter.id, 'spam')).toBe(true);
    expect(await desk.letter(letter.id)).toBeUndefined();
    expect(await desk.drop(letter.id, 'spam')).toBe(false);
    expect(await desk.replay('github.ffffffffffffffff')).toBeUndefined();
    await expect(desk.replay('nonsense')).rejects.toMatchObject({ code: 'server_unreachable' });
  });
});
