/** Who an authorization header stands for, and for how long. */
import { beforeEach, describe, expect, it } from 'vitest';
import { ApiKeys } from '../../../adapters/identity/api-keys.ts';
import { authenticator } from '../../../adapters/identity/authenticator.ts';
import { mintKey } from '../../../adapters/identity/key-text.ts';
import type { AccessEvent } from '../../../domain/access/events.ts';
import type { Authenticator, NotAuthenticated, Principal } from '../../../domain/access/principal.ts';
import { AccessRegistry } from '../../../domain/access/registry.ts';
import { SetClock } from '../../contracts/journal.ts';

const by = { id: 'key:boss' };
const hourMs = 3_600_000;
let clock: SetClock;
let registry: AccessRegistry;
let gate: Authenticator;
beforeEach(() => {
  clock = new SetClock();
  registry = new AccessRegistry();
  gate = authenticator(new ApiKeys(registry, clock), undefined);
});

function happen(event: AccessEvent): void {
  registry.apply({ position: registry.position + 1, recordedAt: clock.now(), event });
}

function newKey(expiresAt?: number) {
  const { keyId, hash, text } = mintKey();
  const scopes = ['tickets:read' as const];
  const grant = {
    name: 'k',
    actor: { id: 'ana', role: 'agent' as const },
    roles: ['agent'],
    groups: [],
    scopes,
  };
  happen({ type: 'KeyCreated', by, keyId, hash, grant: { ...grant, expiresAt } });
  return { keyId, text };
}

function rotate(keyId: string, overlapMs: number): string {
  const { hash, text } = mintKey(keyId);
  happen({ type: 'KeyRotated', by, keyId, hash, oldUntil: clock.now() + overlapMs });
  return text;
}

const asked = (text: string) => gate.authenticate(`Bearer ${text}`) as Principal | NotAuthenticated;
const known = (text: string): boolean => 'id' in asked(text);

describe('an API key', () => {
  it('stands for what it was made for, and is recognised again without a new principal', () => {
    const { keyId, text } = newKey();
    const principal = asked(text);
    expect(principal).toMatchObject({
      id: `key:${keyId}`,
      actor: { id: 'ana', role: 'agent' },
      roles: ['agent'],
      scopes: new Set(['tickets:read']),
    });
    expect(asked(text)).toBe(principal);
  });

  it('that is revoked stops at once, also where it was recognised before', () => {
    const { keyId, text } = newKey();
    const principal = asked(text) as Principal;
    expect(principal.isActive()).toBe(true);
    happen({ type: 'KeyRevoked', by, keyId, reason: 'left' });
    expect(principal.isActive()).toBe(false);
    expect(known(text)).toBe(false);
  });

  it('that expires stops in that millisecond', () => {
    const { text } = newKey(clock.time + hourMs);
    const principal = asked(text) as Principal;
    clock.time += hourMs - 1;
    expect([principal.isActive(), known(text)]).toEqual([true, true]);
    clock.time += 1;
    expect([principal.isActive(), known(text)]).toEqual([false, false]);
  });

  it('that is rotated is known by both secrets for a while, then by the new one', () => {
    const { keyId, text: old } = newKey();
    const before = asked(old) as Principal;
    const text = rotate(keyId, hourMs);
    expect([known(old), known(text), before.isActive()]).toEqual([true, true, true]);
    clock.time += hourMs;
    expect([known(old), known(text), before.isActive()]).toEqual([false, true, false]);
  });

  it('that is rotated without overlap is known by the new secret only', () => {
    const { keyId, text: old } = newKey();
    expect(known(old)).toBe(true);
    const text = rotate(keyId, 0);
    expect([known(old), known(text)]).toEqual([false, true]);
  });

  it('with any one character changed is refused', () => {
    const { text } = newKey();
    for (let at = 0; at < text.length; at += 1) {
      const other = text[at] === 'b' ? 'c' : 'b';
      expect(known(`${text.slice(0, at)}${other}${text.slice(at + 1)}`), `character ${at}`).toBe(false);
    }
  });

  it('of one id with the secret of another is refused', () => {
    const [one, two] = [newKey(), newKey()];
    expect(known(`${one.text.slice(0, 20)}${two.text.slice(20)}`)).toBe(false);
  });
});

describe('every refusal', () => {
  it('of a credential has the same words, whatever was wrong', () => {
    const revoked = newKey();
    happen({ type: 'KeyRevoked', by, keyId: revoked.keyId, reason: 'left' });
    const wrong = [
      revoked.text,
      newKey(clock.time).text,
      mintKey().text,
      mintKey(newKey().keyId).text,
      'dk_',
      'x',
      'a.b.c',
      'x'.repeat(9_000),
    ];
    const answers = wrong.map((text) => asked(text));
    expect(new Set(answers.map((answer) => 'refused' in answer && answer.refused)).size).toBe(1);
    expect(answers.every((answer) => 'refused' in answer)).toBe(true);
  });

  it.each([[undefined], [''], ['Bearer'], ['Bearer '], ['Basic YTpi'], ['dk_x']])(
    'of %j says what to send',
    (header) => {
      expect(gate.authenticate(header)).toEqual({ refused: expect.stringContaining('Bearer') });
    },
  );
});
