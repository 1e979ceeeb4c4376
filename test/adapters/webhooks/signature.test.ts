/**
 * Signatures of every source. Vectors that their documentation prints are used where there are any: GitHub
 * (docs.github.com, "Validating webhook deliveries"), Jira (developer.atlassian.com, "Secure admin
 * webhooks"), Standard Webhooks (the reference libraries' test), HMAC-SHA1 (RFC 2202, case 2). Zendesk prints
 * none; its rule is base64(HMAC-SHA256(timestamp + body)) (developer.zendesk.com, "Verifying webhooks").
 */
import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { SignatureScheme } from '../../../adapters/webhooks/definition.ts';
import { isSigned } from '../../../adapters/webhooks/signature.ts';
import { builtInSources, openDesk, payload, secret, signed } from './desk.ts';

async function schemesOf(source: string): Promise<readonly SignatureScheme[]> {
  const found = (await builtInSources()).get(source);
  if (found === undefined) throw new Error(`there is no ${source}`);
  return found.compiled.definition.signature;
}

const vectors = [
  {
    source: 'github',
    secret: "It's a Secret to Everybody",
    body: 'Hello, World!',
    headers: {
      'x-hub-signature-256': 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17',
    },
  },
  {
    source: 'jira',
    secret: "It's a Secret to Everybody",
    body: 'Hello World!',
    headers: { 'x-hub-signature': 'sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9' },
  },
  {
    source: 'zammad',
    secret: 'Jefe',
    body: 'what do ya want for nothing?',
    headers: { 'x-hub-signature': 'sha1=effcdf6ae5eb2fa2d27416d5f184df9c259a7c79' },
  },
  {
    source: 'intercom',
    secret: 'Jefe',
    body: 'what do ya want for nothing?',
    headers: { 'x-hub-signature': 'sha1=effcdf6ae5eb2fa2d27416d5f184df9c259a7c79' },
  },
  {
    source: 'standard-webhooks',
    secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    body: '{"test": 2432232314}',
    now: 1_614_265_330_000,
    headers: {
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    },
  },
];

describe('the documented signature of', () => {
  it.each(vectors)(
    '$source holds, and no other does',
    async ({ source, body, headers, now = 0, ...vector }) => {
      const schemes = await schemesOf(source);
      const holds = (secrets: readonly string[], text: string, given: Record<string, string> = headers) =>
        isSigned({ headers: given, body: Buffer.from(text) }, { schemes, secrets, unsigned: false }, now);
      expect(holds([vector.secret], body)).toBe(true);
      // Two secrets hold while one is changed for the other, whichever comes first.
      expect(holds(['whsec_bmV3IHNlY3JldA==', vector.secret], body)).toBe(true);
      expect(holds([vector.secret, 'whsec_bmV3IHNlY3JldA=='], body)).toBe(true);
      expect(holds(['whsec_bmV3IHNlY3JldA=='], body)).toBe(false);
      expect(holds([], body)).toBe(false);
      expect(holds([vector.secret], `${body} `)).toBe(false);
      expect(holds([vector.secret], body, {})).toBe(false);
      for (const [name, value] of Object.entries(headers)) {
        const { [name]: _, ...without } = headers as Record<string, string>;
        expect(holds([vector.secret], body, without), `without ${name}`).toBe(false);
        expect(holds([vector.secret], body, { ...without, [name]: `${value}0` }), `wrong ${name}`).toBe(
          false,
        );
      }
    },
  );
});

describe('a signature with a time', () => {
  const body = '{}';
  const zendesk = (timestamp: string): Record<string, string> => ({
    'x-zendesk-webhook-signature': createHmac('sha256', secret)
      .update(timestamp + body)
      .digest('base64'),
    'x-zendesk-webhook-signature-timestamp': timestamp,
  });
  const now = Date.parse('2026-03-02T09:00:00Z');

  it.each([
    ['2026-03-02T09:00:00Z', true],
    ['2026-03-02T08:55:00Z', true],
    ['2026-03-02T09:05:00Z', true],
    ['2026-03-02T08:54:59Z', false],
    ['2026-03-02T09:05:01Z', false],
    ['yesterday', false],
    ['', false],
  ])('of %s is in time: %s', async (timestamp, inTime) => {
    const schemes = await schemesOf('zendesk');
    const request = { headers: zendesk(timestamp), body: Buffer.from(body) };
    expect(isSigned(request, { schemes, secrets: [secret], unsigned: false }, now)).toBe(inTime);
  });

  it('covers the time: another one does not go with it', async () => {
    const schemes = await schemesOf('zendesk');
    const old = zendesk('2026-03-01T09:00:00Z');
    const headers = { ...old, 'x-zendesk-webhook-signature-timestamp': '2026-03-02T09:00:00Z' };
    const request = { headers, body: Buffer.from(body) };
    expect(isSigned(request, { schemes, secrets: [secret], unsigned: false }, now)).toBe(false);
  });
});

describe('Standard Webhooks by Ed25519', () => {
  it('hold under the public key, among other signatures', async () => {
    const schemes = await schemesOf('standard-webhooks');
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
    const body = Buffer.from('{"a":1}');
    const signature = sign(null, Buffer.from(`m1.1772442000.${body}`), privateKey).toString('base64');
    const headers = {
      'webhook-id': 'm1',
      'webhook-timestamp': '1772442000',
      'webhook-signature': `v1,bm9uZQ== v1a,${signature}`,
    };
    const holds = (secrets: string[], content = body) =>
      isSigned({ headers, body: content }, { schemes, secrets, unsigned: false }, 1_772_442_000_000);
    expect(holds([`whpk_${raw.toString('base64')}`])).toBe(true);
    expect(holds([`whpk_${raw.toString('base64')}`], Buffer.from('{"a":2}'))).toBe(false);
    expect(holds([`whpk_${Buffer.alloc(32, 7).toString('base64')}`])).toBe(false);
    expect(holds(['whpk_short'])).toBe(false);
  });
});

describe('sources that sign nothing', () => {
  const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` });

  it.each([
    ['the token', { 'x-docket-token': secret }, true],
    ['the password of basic authentication', basic(`docket:${secret}`), true],
    ['another token', { 'x-docket-token': `${secret}!` }, false],
    ['another password', basic('docket:guess'), false],
    ['no colon in it', basic(secret), false],
    ['nothing', {}, false],
  ])('are taken by %s: %s', async (_, headers, taken) => {
    const schemes = await schemesOf('freshdesk');
    const request = { headers, body: Buffer.from('{}') };
    expect(isSigned(request, { schemes, secrets: [secret], unsigned: false }, 0)).toBe(taken);
  });

  it('are taken without anything only where that was said twice', () => {
    const request = { headers: {}, body: Buffer.from('{}') };
    const none = [{ scheme: 'none' as const }];
    expect(isSigned(request, { schemes: none, secrets: [], unsigned: true }, 0)).toBe(true);
    expect(isSigned(request, { schemes: none, secrets: [], unsigned: false }, 0)).toBe(false);
    const token = [{ scheme: 'token' as const, header: 'x-docket-token', prefix: '' }];
    expect(isSigned(request, { schemes: token, secrets: [], unsigned: true }, 0)).toBe(false);
  });
});

describe('an unsigned delivery', () => {
  it('is refused before anything of it is read, and leaves no trace', async () => {
    const desk = await openDesk();
    for (const source of (await builtInSources()).keys()) {
      const incoming = { ...signed(source, '{', desk.clock.now()), headers: {} };
      await expect(desk.intake.take(source, incoming), source).rejects.toMatchObject({
        code: 'webhook_unsigned',
        message: 'the signature is missing, wrong or too old',
      });
    }
    expect(await desk.log.head()).toBe(0);
    expect(desk.journal.entries).toEqual([]);
  });

  it('may be replayed within the window only, and then changes nothing', async () => {
    const desk = await openDesk();
    const incoming = signed('zendesk', await payload('zendesk-comment-added'), desk.clock.now());
    await desk.intake.take('zendesk', incoming);
    const head = await desk.log.head();
    desk.clock.time += 299_000;
    expect(await desk.intake.take('zendesk', incoming)).toMatchObject([{ status: 'unchanged', events: 0 }]);
    desk.clock.time += 2_000;
    await expect(desk.intake.take('zendesk', incoming)).rejects.toMatchObject({ code: 'webhook_unsigned' });
    expect(await desk.log.head()).toBe(head);
  });
});
