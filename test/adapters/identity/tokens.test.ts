/** Tokens: those that hold are recognised, and nothing that an attacker makes of one is. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type IdentitySettings, identitySettingsSchema } from '../../../adapters/identity/token-settings.ts';
import { Tokens, tokenBounds } from '../../../adapters/identity/tokens.ts';
import { SetClock } from '../../contracts/journal.ts';
import {
  ecPair,
  encoded,
  type JwksServer,
  jwksServer,
  publicJwk,
  rsaPair,
  signed,
  signedWithSecret,
} from './issuer.ts';

const own = rsaPair();
const ownEc = ecPair();
const ofOther = rsaPair();
const attacker = rsaPair();
const clock = new SetClock();
const nowSeconds = () => Math.floor(clock.time / 1_000);

let issuer: JwksServer;
let trap: JwksServer;
let settings: IdentitySettings;

beforeAll(async () => {
  issuer = await jwksServer([publicJwk(own, 'own', 'RS256'), publicJwk(ownEc, 'own-ec', 'ES256')]);
  trap = await jwksServer([publicJwk(attacker, 'own', 'RS256')]);
  const roles = { claim: 'realm_access.roles', map: { desk: ['agent'], boss: ['lead'] } };
  const scopes = { claim: 'scope', map: { read: ['tickets:read'], write: ['tickets:write'] } };
  settings = identitySettingsSchema.parse({
    issuers: [
      {
        issuer: 'https://id.example.org',
        audience: 'docket',
        algorithms: ['RS256', 'ES256'],
        jwksUri: `${issuer.url}/keys`,
        ageSecondsMax: 3_600,
        actor: { claim: 'preferred_username', role: 'agent' },
        roles,
        scopes,
        groups: { claim: 'groups' },
      },
      {
        issuer: 'https://other.example.org',
        audience: 'docket',
        algorithms: ['RS256'],
        jwksFile: 'other.json',
        roles,
        scopes,
      },
    ],
  });
});
afterAll(async () => {
  await issuer.close();
  await trap.close();
});

const otherKeys = new Map([
  ['https://other.example.org', { keys: [publicJwk(ofOther, 'other', 'RS256')] as never }],
]);
const newTokens = () => new Tokens({ settings, clock, keySets: otherKeys });

const header = { alg: 'RS256', typ: 'at+jwt', kid: 'own' };
const claims = () => ({
  iss: 'https://id.example.org',
  aud: 'docket',
  sub: 'u-17',
  preferred_username: 'ana',
  iat: nowSeconds() - 10,
  exp: nowSeconds() + 300,
  scope: 'read write openid',
  realm_access: { roles: ['desk', 'unheard-of'] },
  groups: ['printers'],
});

describe('a token that holds', () => {
  it('says who its bearer is, by the settings', async () => {
    const principal = await newTokens().recognise(signed(header, claims(), own));
    expect(principal).toMatchObject({
      id: 'oidc:https://id.example.org#u-17',
      actor: { id: 'ana', role: 'agent' },
      roles: ['agent'],
      groups: ['printers'],
      scopes: new Set(['tickets:read', 'tickets:write']),
    });
    expect(principal?.isActive()).toBe(true);
  });

  it.each([
    [
      'signed with a key on a curve',
      () => signed({ ...header, alg: 'ES256', kid: 'own-ec' }, claims(), ownEc),
    ],
    ['of the type JWT', () => signed({ ...header, typ: 'JWT' }, claims(), own)],
    ['with its type in full', () => signed({ ...header, typ: 'application/at+jwt' }, claims(), own)],
    ['meant for others too', () => signed(header, { ...claims(), aud: ['mail', 'docket'] }, own)],
    ['that ended within the tolerance', () => signed(header, { ...claims(), exp: nowSeconds() - 20 }, own)],
    [
      'of an issuer with its keys in a file',
      () => signed({ ...header, kid: 'other' }, { ...claims(), iss: 'https://other.example.org' }, ofOther),
    ],
  ])('%s is taken', async (_what, make) => {
    expect(await newTokens().recognise(make())).toBeDefined();
  });

  it('is remembered, and holds no longer than it says', async () => {
    const tokens = newTokens();
    const token = signed(header, claims(), own);
    const first = await tokens.recognise(token);
    const asked = issuer.asked.length;
    expect(tokens.recognise(token)).toBe(first);
    expect(issuer.asked).toHaveLength(asked);
    const before = clock.time;
    clock.time += 331_000;
    expect(first?.isActive()).toBe(false);
    expect(await tokens.recognise(token)).toBeUndefined();
    clock.time = before;
  });
});

/** What is wrong, and a token with that wrong and nothing else. */
const attacks: readonly (readonly [string, () => string])[] = [
  ['no signature, alg none', () => `${encoded({ ...header, alg: 'none' })}.${encoded(claims())}.`],
  ['no signature, alg None', () => `${encoded({ ...header, alg: 'None' })}.${encoded(claims())}.`],
  ['alg none with the signature left', () => withHeader({ ...header, alg: 'none' })],
  ['the signature cut off', () => `${signed(header, claims(), own).split('.').slice(0, 2).join('.')}.`],
  ['two parts only', () => signed(header, claims(), own).split('.').slice(0, 2).join('.')],
  ['five parts', () => `${signed(header, claims(), own)}.x.y`],
  [
    'HS256 with the public key as the secret',
    () =>
      signedWithSecret(
        { ...header, alg: 'HS256' },
        claims(),
        own.publicKey.export({ type: 'spki', format: 'pem' }),
      ),
  ],
  [
    'HS256 with the bytes of the public key as the secret',
    () =>
      signedWithSecret(
        { ...header, alg: 'HS256' },
        claims(),
        own.publicKey.export({ type: 'spki', format: 'der' }),
      ),
  ],
  ['HS256 with an empty secret', () => signedWithSecret({ ...header, alg: 'HS256' }, claims(), '')],
  ['an algorithm that is not allowed', () => withHeader({ ...header, alg: 'RS512' })],
  ['no algorithm', () => withHeader({ typ: 'at+jwt', kid: 'own' })],
  ["the attacker's signature", () => signed(header, claims(), attacker)],
  ["another issuer's key, by its kid", () => signed({ ...header, kid: 'other' }, claims(), ofOther)],
  ["another issuer's key under our kid", () => signed(header, claims(), ofOther)],
  [
    'the name of the other issuer',
    () => signed(header, { ...claims(), iss: 'https://other.example.org' }, own),
  ],
  ['an issuer that nobody knows', () => signed(header, { ...claims(), iss: 'https://evil.example' }, own)],
  ['an issuer with a slash more', () => signed(header, { ...claims(), iss: 'https://id.example.org/' }, own)],
  ['no issuer', () => signed(header, { ...claims(), iss: undefined }, own)],
  [
    'a list of issuers',
    () => signed(header, { ...claims(), iss: ['https://id.example.org', 'https://evil.example'] }, own),
  ],
  ['another audience', () => signed(header, { ...claims(), aud: 'mail' }, own)],
  ['no audience', () => signed(header, { ...claims(), aud: undefined }, own)],
  ['an audience that only begins the same', () => signed(header, { ...claims(), aud: 'docket-2' }, own)],
  ['its end behind it', () => signed(header, { ...claims(), exp: nowSeconds() - 31 }, own)],
  ['no end', () => signed(header, { ...claims(), exp: undefined }, own)],
  ['an end that is a text', () => signed(header, { ...claims(), exp: String(nowSeconds() + 300) }, own)],
  ['its beginning before it', () => signed(header, { ...claims(), nbf: nowSeconds() + 31 }, own)],
  ['no time of issue', () => signed(header, { ...claims(), iat: undefined }, own)],
  ['a time of issue in the future', () => signed(header, { ...claims(), iat: nowSeconds() + 120 }, own)],
  [
    'more age than is allowed',
    () => signed(header, { ...claims(), iat: nowSeconds() - 3_700, exp: nowSeconds() + 9_999 }, own),
  ],
  ['no subject', () => signed(header, { ...claims(), sub: undefined }, own)],
  ['an empty subject', () => signed(header, { ...claims(), sub: '' }, own)],
  ['nobody to act as', () => signed(header, { ...claims(), preferred_username: undefined }, own)],
  ['the wrong type', () => signed({ ...header, typ: 'logout+jwt' }, claims(), own)],
  ['no type', () => signed({ ...header, typ: undefined }, claims(), own)],
  ['a kid that nobody has', () => signed({ ...header, kid: 'unknown' }, claims(), own)],
  ['a kid that is a path', () => signed({ ...header, kid: '../../../../dev/null' }, claims(), attacker)],
  ['a kid that is SQL', () => signed({ ...header, kid: "x' UNION SELECT 'key" }, claims(), attacker)],
  [
    'its own key embedded',
    () => signed({ ...header, jwk: publicJwk(attacker, 'own', 'RS256') }, claims(), attacker),
  ],
  [
    'an embedded key beside a right signature',
    () => signed({ ...header, jwk: publicJwk(attacker, 'own', 'RS256') }, claims(), own),
  ],
  ['jku', () => signed({ ...header, jku: `${trap.url}/jku` }, claims(), attacker)],
  ['x5u', () => signed({ ...header, x5u: `${trap.url}/x5u` }, claims(), attacker)],
  ['x5c', () => signed({ ...header, x5c: ['MIIB'] }, claims(), attacker)],
  ['crit that nobody understands', () => signed({ ...header, crit: ['exp'] }, claims(), own)],
  ['b64 turned off', () => signed({ ...header, b64: false, crit: ['b64'] }, claims(), own)],
  ['claims changed after signing', () => withClaims({ ...claims(), sub: 'u-1' })],
  ['one character of the signature changed', () => flipped(signed(header, claims(), own))],
  ['half of it', () => half(signed(header, claims(), own))],
  ['more length than is read', () => signed(header, { ...claims(), pad: 'x'.repeat(8_000) }, own)],
  ['a claim that is there twice', () => signed(header, twice(claims(), '"sub":"u-1"'), own)],
  [
    'a claim that is there twice, once escaped',
    () => signed(header, twice(claims(), '"s\\u0075b":"u-1"'), own),
  ],
  ['a header that is there twice', () => signed(twice(header, '"alg":"none"'), claims(), own)],
  ['claims that are a list', () => signed(header, [claims()], own)],
  ['claims that are no JSON', () => signed(header, 'iss=https://id.example.org', own)],
  ['nothing', () => '..'],
  ['a key that is none', () => 'dk_0123456789abcdef'],
];

const withHeader = (other: object) => {
  const [, middle, end] = signed(header, claims(), own).split('.');
  return `${encoded(other)}.${middle}.${end}`;
};
const withClaims = (other: object) => {
  const [start, , end] = signed(header, claims(), own).split('.');
  return `${start}.${encoded(other)}.${end}`;
};
const flipped = (token: string) => {
  const at = token.length - 10;
  return `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`;
};
const half = (token: string) => token.slice(0, token.length / 2);
const twice = (value: object, member: string) => `${JSON.stringify(value).slice(0, -1)},${member}}`;

describe('a token with', () => {
  it.each(attacks)('%s is refused', async (_what, make) => {
    const tokens = newTokens();
    expect(await tokens.recognise(make())).toBeUndefined();
    expect(await tokens.recognise(signed(header, claims(), own))).toBeDefined();
  });

  it('an address in it is refused without that being asked', () => {
    expect(trap.asked).toEqual([]);
  });
});

describe('the keys of an issuer', () => {
  it('are fetched once for many tokens, and not again for each that names an unknown one', async () => {
    const tokens = newTokens();
    const before = issuer.asked.length;
    const made = Array.from({ length: 20 }, (_, index) =>
      signed(header, { ...claims(), jti: `${index}` }, own),
    );
    expect((await Promise.all(made.map((each) => tokens.recognise(each)))).every(Boolean)).toBe(true);
    for (let index = 0; index < 20; index += 1) {
      await tokens.recognise(signed({ ...header, kid: `unknown-${index}` }, claims(), own));
    }
    expect(issuer.asked.length - before).toBe(1);
  });

  it('that can not be fetched let nobody in, and that is told', async () => {
    const told: string[] = [];
    const tokens = new Tokens({ settings, clock, keySets: otherKeys, onTrouble: (line) => told.push(line) });
    const { answer } = issuer;
    issuer.answer = () => ({ status: 500, body: 'down' });
    expect(await tokens.recognise(signed(header, claims(), own))).toBeUndefined();
    expect(told).toEqual(['the keys of https://id.example.org can not be fetched']);
    issuer.answer = answer;
    expect(await tokens.recognise(signed(header, claims(), own))).toBeDefined();
  });

  it('are waited for by a bounded number of tokens', async () => {
    const tokens = newTokens();
    const { answer } = issuer;
    issuer.answer = () => 'never';
    const waiting = Array.from({ length: tokenBounds.checksMax }, () =>
      tokens.recognise(signed(header, claims(), own)),
    );
    expect(tokens.recognise(signed(header, claims(), own))).toBeUndefined();
    issuer.answer = answer;
    await issuer.close();
    await Promise.all(waiting);
    issuer = await jwksServer([publicJwk(own, 'own', 'RS256')]);
  });
});

describe('settings', () => {
  const right = {
    issuer: 'https://id.example.org',
    audience: 'docket',
    algorithms: ['RS256'],
    jwksUri: 'https://id.example.org/keys',
    roles: { claim: 'roles', map: {} },
    scopes: { claim: 'scope', map: {} },
  };

  it.each([
    ['a shared secret', { algorithms: ['HS256'] }, 'algorithms'],
    ['no algorithm', { algorithms: [] }, 'algorithms'],
    ['alg none', { algorithms: ['none'] }, 'algorithms'],
    ['no audience', { audience: undefined }, 'audience'],
    ['keys over plain HTTP', { jwksUri: 'http://id.example.org/keys' }, 'jwksUri'],
    ['keys from two places', { jwksFile: 'keys.json' }, 'jwksUri'],
    ['keys from nowhere', { jwksUri: undefined }, 'jwksUri'],
    ['more tolerance than a minute', { toleranceSeconds: 61 }, 'toleranceSeconds'],
    ['a scope that does not exist', { scopes: { claim: 'scope', map: { all: ['everything'] } } }, 'scopes'],
    ['a misspelled member', { audiences: 'docket' }, 'audiences'],
  ])('with %s are refused, with where', (_what, change, where) => {
    const result = identitySettingsSchema.safeParse({ issuers: [{ ...right, ...change }] });
    expect(result.success).toBe(false);
    expect(JSON.stringify(result.error?.issues)).toContain(where);
    expect(identitySettingsSchema.safeParse({ issuers: [right] }).success).toBe(true);
  });

  it('name each issuer once', () => {
    expect(identitySettingsSchema.safeParse({ issuers: [right, right] }).success).toBe(false);
  });
});
