/** Quotas over HTTP: what callers are told, who is refused, and that nobody pays for another. */
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Rates } from '../../../../adapters/http/admission/rates.ts';
import { httpCommandSink } from '../../../../adapters/http/client.ts';
import type { Authenticator } from '../../../../domain/access/principal.ts';
import { trustedPrincipal } from '../../../../domain/access/unrestricted.ts';
import type { Command } from '../../../../domain/ticket/commands.ts';
import { actor } from '../../../support/tickets.ts';
import { type Answer, expectProblem, type Harness, startServer } from '../harness.ts';

const path = '/v1/workflows';
const opening = (index: number): Command => {
  return { type: 'OpenTicket', ticketId: `T-${index}`, actor: actor('agent'), data: {} };
};

/** Everybody is who they say, except `wrong`; counts how often it was asked. */
function credulous() {
  let asked = 0;
  const authenticator: Authenticator = {
    authenticate: (authorization) => {
      asked += 1;
      if (authorization === 'wrong') return { refused: 'the credential is not known' };
      return { ...trustedPrincipal('test'), id: `key:${authorization}` };
    },
  };
  return { authenticator, asked: () => asked };
}

function start(rates: Partial<Rates>, proxies = 0, { authenticator } = credulous()): Promise<Harness> {
  return startServer({ rates, proxies, context: { authenticator } });
}

const as = (authorization: string, from?: string) => {
  return { authorization, ...(from === undefined ? {} : { 'x-forwarded-for': from }) };
};

function told({ headers }: Answer): readonly (string | null)[] {
  return [headers.get('ratelimit-policy'), headers.get('ratelimit')];
}

/** RFC 9651: a list of strings, with parameters that are integers of at most 15 digits. */
const item = (first: string, second: string) => `"[a-z]+";${first}=\\d{1,15};${second}=\\d{1,15}`;
const listOf = (each: string) => new RegExp(`^${each}(, ${each})*$`);

afterEach(() => {
  vi.useRealTimers();
});

describe('RateLimit-Policy and RateLimit', () => {
  it('stand in every answer to a known caller, as draft 11 writes them', async () => {
    await using server = await start({ requestsPerKey: { quota: 10, windowSeconds: 10 } });
    const first = await server.get(path, as('a'));
    expect(told(first)).toEqual(['"requests";q=10;w=10', '"requests";r=9;t=9']);
    const missing = await server.get('/v1/tickets/NOBODY', as('a'));
    expect(missing.status).toBe(404);
    expect(told(missing)).toEqual(['"requests";q=10;w=10', expect.stringMatching(/^"requests";r=8;t=[89]$/)]);
  });

  it('name each policy that counted the request', async () => {
    await using server = await start({ requestsPerAddress: { quota: 7, windowSeconds: 1 } }, 1);
    const answer = await server.post('/v1/commands', { commands: [opening(1)] }, as('a', '192.0.2.1'));
    expect(answer.status).toBe(200);
    const [policies, limits] = told(answer);
    expect(policies).toBe('"address";q=7;w=1, "requests";q=1200000;w=60, "commands";q=60000000;w=60');
    expect(policies).toMatch(listOf(item('q', 'w')));
    expect(limits).toMatch(listOf(item('r', 't')));
    expect(limits).toMatch(/^"address";r=6;t=1, "requests";r=1199999;t=60, "commands";r=59999999;t=60$/);
  });

  it('are not told to who has no credential that holds, except for what failing costs', async () => {
    await using server = await start({ failuresPerAddress: { quota: 3, windowSeconds: 60 } }, 1);
    const answer = await server.get(path, as('wrong', '192.0.2.1'));
    expect(answer.status).toBe(401);
    expect(answer.headers.get('ratelimit')).toMatch(/^"address";r=1199999;t=60, "failures";r=2;t=40$/);
  });
});

describe('the quota of a key', () => {
  const rates = { requestsPerKey: { quota: 3, windowSeconds: 1 } };

  it('beyond it: 429, and who waits as long as Retry-After says is answered', async () => {
    await using server = await start(rates);
    for (let sent = 0; sent < 3; sent += 1) expect((await server.get(path, as('a'))).status).toBe(200);
    const refused = await server.get(path, as('a'));
    expectProblem(refused, 429, 'rate_limited', { retry: true });
    expect(refused.body).toMatchObject({
      detail: 'the quota "requests" is 3 in 1 s for one credential; come back in 1 s',
    });
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(refused.headers.get('ratelimit')).toBe('"requests";r=0;t=1');
    await wait(1_000);
    expect((await server.get(path, as('a'))).status).toBe(200);
  });

  it('is its own: whoever else calls notices nothing', async () => {
    await using server = await start(rates);
    const noisy = await Promise.all(Array.from({ length: 50 }, () => server.get(path, as('noisy'))));
    expect(noisy.filter(({ status }) => status === 429).length).toBeGreaterThanOrEqual(40);
    const quiet = await server.get(path, as('quiet'));
    expect([quiet.status, quiet.headers.get('ratelimit')]).toEqual([200, '"requests";r=2;t=1']);
  });

  it('keeps refused commands out of the log', async () => {
    await using server = await start({ requestsPerKey: { quota: 5, windowSeconds: 3_600 } });
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, index) => server.post('/v1/tickets', opening(index), as('a'))),
    );
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 201)).toHaveLength(5);
    expect(statuses.filter((status) => status === 429)).toHaveLength(35);
    expect(await server.log.head()).toBe(5);
  });

  it('does not mind when the wall clock jumps', async () => {
    await using server = await start({ requestsPerKey: { quota: 1, windowSeconds: 3_600 } });
    expect((await server.get(path, as('a'))).status).toBe(200);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 365 * 24 * 3_600_000 });
    expectProblem(await server.get(path, as('a')), 429, 'rate_limited');
    vi.setSystemTime(0);
    const back = await server.get(path, as('a'));
    expect([back.status, back.headers.get('retry-after')]).toEqual([429, '3600']);
  });

  it('does not count health', async () => {
    const tight = { quota: 1, windowSeconds: 3_600 };
    await using server = await start({ requestsPerKey: tight, requestsPerAddress: tight }, 1);
    for (let asked = 0; asked < 5; asked += 1) {
      expect((await server.get('/healthz', as('a', '192.0.2.1'))).status).toBe(200);
    }
  });
});

describe('the quota of commands', () => {
  const rates = { commandsPerKey: { quota: 10, windowSeconds: 1 } };
  const bulk = (from: number, count: number) => ({
    commands: Array.from({ length: count }, (_, index) => opening(from + index)),
  });

  it('counts those in bulk requests, and refuses a request as a whole', async () => {
    await using server = await start(rates);
    expect((await server.post('/v1/commands', bulk(0, 10), as('a'))).status).toBe(200);
    const refused = await server.post('/v1/commands', bulk(10, 10), as('a'));
    expectProblem(refused, 429, 'rate_limited');
    expect(await server.log.head()).toBe(10);
    expect((await server.post('/v1/commands', bulk(10, 1), as('b'))).status).toBe(200);
  });

  it('lets a request through that is larger than the quota, once the quota is whole', async () => {
    await using server = await start(rates);
    expect((await server.post('/v1/commands', bulk(0, 25), as('a'))).status).toBe(200);
    const refused = await server.post('/v1/commands', bulk(25, 1), as('a'));
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '2']);
  });

  it('slows an importing client down, who loses nothing', async () => {
    await using server = await start({ commandsPerKey: { quota: 100, windowSeconds: 1 } });
    const sink = httpCommandSink(server.url, { limits: { batchCommandsMax: 50, requestsInFlightMax: 1 } });
    const commands = Array.from({ length: 150 }, (_, index) => opening(index));
    const calls = await Promise.all([0, 50, 100].map((from) => sink.submit(commands.slice(from, from + 50))));
    expect(calls.flat().every(({ status }) => status === 'accepted')).toBe(true);
    expect(await server.log.head()).toBe(150);
  });
});

describe('the quota of an address', () => {
  const rates = { requestsPerAddress: { quota: 2, windowSeconds: 3_600 } };

  it('is refused before the credential is looked at, whatever that is', async () => {
    const { authenticator, asked } = credulous();
    await using server = await start(rates, 1, { authenticator, asked });
    await server.get(path, as('a', '192.0.2.1'));
    await server.get(path, as('b', '192.0.2.1'));
    const refused = await server.get(path, as('c', '192.0.2.1'));
    expectProblem(refused, 429, 'rate_limited');
    expect(refused.headers.get('retry-after')).toBe('1800');
    expect(asked()).toBe(2);
    expect((await server.get(path, as('c', '192.0.2.2'))).status).toBe(200);
  });

  it('is one for a /64 network of IPv6', async () => {
    await using server = await start(rates, 1);
    const statuses: number[] = [];
    for (const from of ['2001:db8::1', '2001:db8::2', '2001:db8::3', '2001:db8:0:1::3']) {
      statuses.push((await server.get(path, as('a', from))).status);
    }
    expect(statuses).toEqual([200, 200, 429, 200]);
  });

  it('is that of the proxy’s caller, not of what callers claim before it', async () => {
    await using server = await start(rates, 1);
    const statuses: number[] = [];
    for (const claimed of ['198.51.100.1', '198.51.100.2', '127.0.0.1', '198.51.100.4']) {
      statuses.push((await server.get(path, as('a', `${claimed}, 192.0.2.1`))).status);
    }
    expect(statuses).toEqual([200, 200, 429, 429]);
  });

  it('is not that of a header where no proxy is to be believed, and this machine has none', async () => {
    await using server = await start(rates);
    for (let sent = 0; sent < 5; sent += 1) {
      const answer = await server.get(path, as('a', '192.0.2.1'));
      expect([answer.status, answer.headers.get('ratelimit-policy')]).toEqual([
        200,
        '"requests";q=1200000;w=60',
      ]);
    }
  });
});

describe('credentials that do not hold', () => {
  const rates = { failuresPerAddress: { quota: 3, windowSeconds: 3_600 } };

  it('too many from one address: nothing from there is looked at for a time', async () => {
    const { authenticator, asked } = credulous();
    await using server = await start(rates, 1, { authenticator, asked });
    for (let tried = 0; tried < 3; tried += 1) {
      expect((await server.get(path, as('wrong', '192.0.2.1'))).status).toBe(401);
    }
    const wrong = await server.get(path, as('wrong', '192.0.2.1'));
    const right = await server.get(path, as('a', '192.0.2.1'));
    expectProblem(wrong, 429, 'rate_limited');
    // The same answer: it must not tell that this guess was better.
    expect([right.status, right.body]).toEqual([wrong.status, wrong.body]);
    expect(asked()).toBe(3);
    expect((await server.get(path, as('a', '192.0.2.2'))).status).toBe(200);
  });

  it('do not count against anybody else’s requests', async () => {
    await using server = await start(rates, 1);
    for (let sent = 0; sent < 10; sent += 1) {
      expect((await server.get(path, as('a', '192.0.2.1'))).status).toBe(200);
    }
  });
});
