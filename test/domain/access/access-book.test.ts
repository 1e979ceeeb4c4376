/** Keys and policy: what may be done about them, what came of it, and who is told what. */
import { beforeEach, describe, expect, it } from 'vitest';
import { mintKey } from '../../../adapters/identity/key-text.ts';
import { type AccessBook, openAccessBook } from '../../../domain/access/access-book.ts';
import { administrationBounds, isRejected } from '../../../domain/access/administration.ts';
import type { NewKey } from '../../../domain/access/administration-port.ts';
import { defaultPolicy } from '../../../domain/access/default-policy.ts';
import type { AccessEvent, KeyGrant } from '../../../domain/access/events.ts';
import type { AccessPolicy } from '../../../domain/access/policy.ts';
import { hashesAt } from '../../../domain/access/registry.ts';
import type { Journal, JournalEntry } from '../../../domain/ports.ts';
import { SetClock } from '../../contracts/journal.ts';

const hourMs = 3_600_000;

const grant: KeyGrant = {
  name: 'sync',
  actor: { id: 'sync', role: 'integration' },
  roles: ['integration'],
  groups: [],
  scopes: ['tickets:write'],
};

/** A journal that several books share, as servers do; the others are told when a test says so. */
class SharedJournal implements Journal<AccessEvent> {
  readonly entries: JournalEntry<AccessEvent>[] = [];
  readonly clock: SetClock;
  /** What an append does before it is answered. */
  before: (() => Promise<void>) | undefined;
  readonly #listeners: ((entries: readonly JournalEntry<AccessEvent>[]) => void)[] = [];

  constructor(clock: SetClock) {
    this.clock = clock;
  }

  async append(events: readonly AccessEvent[]): Promise<readonly JournalEntry<AccessEvent>[]> {
    await this.before?.();
    const made = events.map((event, index) => ({
      position: this.entries.length + index + 1,
      recordedAt: this.clock.now(),
      event,
    }));
    this.entries.push(...made);
    return made;
  }

  async read(after = 0) {
    return this.entries.slice(after);
  }

  watch(listener: (entries: readonly JournalEntry<AccessEvent>[]) => void): void {
    this.#listeners.push(listener);
  }

  /** Appends as another server does, and tells of it. */
  foreign(event: AccessEvent): void {
    const entry = { position: this.entries.length + 1, recordedAt: this.clock.now(), event };
    this.entries.push(entry);
    for (const listener of this.#listeners) listener([entry]);
  }

  async close() {}
}

let clock: SetClock;
let journal: SharedJournal;
let used: number[];
let book: AccessBook;
const rules = {
  check: (policy: AccessPolicy) => (policy.rules.length === 0 ? ['it has no rules'] : []),
  use: (_policy: AccessPolicy, version: number) => {
    used.push(version);
  },
};
const open = () => openAccessBook({ journal, clock, mint: mintKey, rules });
beforeEach(async () => {
  clock = new SetClock();
  journal = new SharedJournal(clock);
  used = [];
  book = await open();
});

async function made(change: Partial<KeyGrant> = {}): Promise<NewKey> {
  const key = await book.createKey('key:boss', { ...grant, ...change });
  if (isRejected(key)) throw new Error(key.message);
  return key;
}

const hashes = (keyId: string) => {
  const key = book.registry.key(keyId);
  return key === undefined ? [] : hashesAt(key, clock.now());
};

const policyWith = (id: string): AccessPolicy => ({
  ...defaultPolicy,
  rules: [
    ...defaultPolicy.rules,
    { id, effect: 'allow', table: 'ticket', operations: ['read'], roles: ['auditor'], adminOverrides: true },
  ],
});

describe('a key', () => {
  it('is told once, and only its hash is kept', async () => {
    const { key, text } = await made();
    expect(text).toMatch(new RegExp(`^dk_${key.keyId}_[A-Za-z0-9_-]{43}$`));
    expect(key).toMatchObject({ ...grant, state: 'active', createdBy: 'key:boss' });
    const secret = text.slice(-43);
    expect(JSON.stringify(journal.entries)).not.toContain(secret);
    expect(JSON.stringify(book.keys())).not.toMatch(/[0-9a-f]{64}/);
  });

  it('has 256 random bits, and no two are the same', () => {
    const texts = Array.from({ length: 500 }, () => mintKey().text);
    expect(new Set(texts).size).toBe(500);
    for (const text of texts) expect(Buffer.from(text.slice(20), 'base64url')).toHaveLength(32);
  });

  it('holds until it expires, and not then', async () => {
    const { key } = await made({ expiresAt: clock.time + hourMs });
    expect(hashes(key.keyId)).toHaveLength(1);
    clock.time += hourMs - 1;
    expect(hashes(key.keyId)).toHaveLength(1);
    clock.time += 1;
    expect(hashes(key.keyId)).toEqual([]);
    expect(book.keys()).toMatchObject([{ state: 'expired' }]);
  });

  it.each([
    ['an end that is over', { expiresAt: Date.UTC(2026, 0, 1) }, /future/],
    [
      'a role that the policy does not have',
      { roles: ['agnet'] },
      /no role agnet; it has admin, lead, agent/,
    ],
  ])('with %s is refused and written nowhere', async (_what, change, message) => {
    const refused = await book.createKey('key:boss', { ...grant, ...change });
    expect(refused).toMatchObject({ status: 'rejected', code: 'invalid_command' });
    expect(isRejected(refused) && refused.message).toMatch(message);
    expect(journal.entries).toEqual([]);
  });

  it('that is rotated has two secrets for as long as was asked, then the new one', async () => {
    const { key } = await made();
    const [old] = hashes(key.keyId);
    const rotated = await book.rotateKey('key:boss', key.keyId, hourMs);
    expect(rotated).toMatchObject({ key: { keyId: key.keyId, oldUntil: clock.time + hourMs } });
    expect(hashes(key.keyId)).toHaveLength(2);
    expect(hashes(key.keyId)[1]).toBe(old);
    clock.time += hourMs;
    expect(hashes(key.keyId)).toHaveLength(1);
    expect(hashes(key.keyId)).not.toContain(old);
  });

  it('that is rotated twice forgets the first secret, whatever overlap it had', async () => {
    const { key } = await made();
    const [first] = hashes(key.keyId);
    await book.rotateKey('key:boss', key.keyId, 10 * hourMs);
    await book.rotateKey('key:boss', key.keyId, hourMs);
    expect(hashes(key.keyId)).toHaveLength(2);
    expect(hashes(key.keyId)).not.toContain(first);
  });

  it('that was revoked holds no more, can not be rotated or revoked again, and stays in the list', async () => {
    const { key } = await made();
    const revoked = await book.revokeKey('key:boss', key.keyId, 'left');
    expect(revoked).toMatchObject({ state: 'revoked', revoked: { by: 'key:boss', reason: 'left' } });
    expect(hashes(key.keyId)).toEqual([]);
    expect(await book.rotateKey('key:boss', key.keyId, 0)).toMatchObject({ code: 'key_unknown' });
    expect(await book.revokeKey('key:boss', key.keyId, 'again')).toMatchObject({ code: 'key_unknown' });
    expect(book.keys()).toHaveLength(1);
  });

  it('that nobody made is unknown, and one that expired is not rotated', async () => {
    expect(await book.revokeKey('key:boss', 'f'.repeat(16), 'x')).toMatchObject({ code: 'key_unknown' });
    const { key } = await made({ expiresAt: clock.time + 1 });
    clock.time += 1;
    expect(await book.rotateKey('key:boss', key.keyId, 0)).toMatchObject({ code: 'invalid_command' });
  });

  it('may not overlap for longer than the bound', async () => {
    const { key } = await made();
    const tooLong = administrationBounds.overlapMsMax + 1;
    expect(await book.rotateKey('key:boss', key.keyId, tooLong)).toMatchObject({ code: 'invalid_command' });
  });
});

describe('the policy', () => {
  it('is the built-in one, version 0, until it is changed', async () => {
    expect(await book.policy()).toMatchObject({ version: 0, policy: defaultPolicy });
    expect(used).toEqual([]);
  });

  it('is in force at once, and after a restart', async () => {
    const changed = await book.changePolicy('key:boss', policyWith('a'), { expectedVersion: 0 });
    expect(changed).toMatchObject({ version: 1 });
    expect(used).toEqual([1]);
    await open();
    expect(used).toEqual([1, 1]);
  });

  it('is not changed on top of what the caller has not seen', async () => {
    await book.changePolicy('key:boss', policyWith('a'), {});
    const refused = await book.changePolicy('key:boss', policyWith('b'), { expectedVersion: 0 });
    expect(refused).toMatchObject({ code: 'policy_conflict', message: expect.stringContaining('version 1') });
    expect(used).toEqual([1]);
  });

  it('is refused with each of its mistakes', async () => {
    const refused = await book.changePolicy('key:boss', { ...defaultPolicy, rules: [] }, {});
    expect(refused).toMatchObject({ code: 'policy_invalid', reasons: ['it has no rules'] });
    expect(journal.entries).toEqual([]);
  });

  it('can be asked for as it was at each version', async () => {
    await book.changePolicy('key:boss', policyWith('a'), {});
    await book.changePolicy('key:boss', policyWith('b'), {});
    expect((await book.policy(1))?.policy.rules.at(-1)?.id).toBe('a');
    expect((await book.policy(0))?.policy).toEqual(defaultPolicy);
    expect(await book.policy(3)).toBeUndefined();
  });
});

describe('several servers', () => {
  it('know what the others did as soon as they are told', async () => {
    const other = await open();
    const key = await other.createKey('key:boss', grant);
    if (isRejected(key)) throw new Error(key.message);
    const [entry] = journal.entries;
    if (entry === undefined) throw new Error('nothing was appended');
    journal.entries.pop();
    journal.foreign(entry.event);
    expect(hashes(key.key.keyId)).toHaveLength(1);
  });

  it('that change the policy at once: the first one counts, the other is told, and the audit shows both', async () => {
    const theirs: AccessEvent = {
      type: 'PolicyChanged',
      by: { id: 'key:other' },
      version: 1,
      policy: policyWith('theirs'),
    };
    journal.before = async () => journal.foreign(theirs);
    const mine = await book.changePolicy('key:boss', policyWith('mine'), { expectedVersion: 0 });
    expect(mine).toMatchObject({ code: 'policy_conflict' });
    expect((await book.policy())?.policy.rules.at(-1)?.id).toBe('theirs');
    expect(used).toEqual([1]);
    expect(await book.audit(0, 10)).toMatchObject([
      { by: 'key:other', rules: { added: ['theirs'], removed: [], changed: [] } },
      { by: 'key:boss', effective: false },
    ]);
  });

  it('lose nothing where the others are told of before an own answer', async () => {
    const other = mintKey();
    const { keyId, hash } = other;
    const created: AccessEvent = { type: 'KeyCreated', by: { id: 'key:other' }, keyId, hash, grant };
    const append = journal.append.bind(journal);
    journal.append = async (events) => {
      const own = await append(events);
      journal.foreign(created);
      return own;
    };
    await made();
    expect(book.registry.position).toBe(2);
    expect(hashes(keyId)).toEqual([hash]);
  });
});

describe('the audit', () => {
  it('shows who did what, all of it, in order, page by page, and no hash', async () => {
    const { key } = await made();
    await book.rotateKey('key:boss', key.keyId, hourMs);
    await book.changePolicy('oidc:x#u', policyWith('a'), { reason: 'auditors asked' });
    await book.changePolicy('oidc:x#u', { ...policyWith('b'), roles: {} }, {});
    await book.revokeKey('key:boss', key.keyId, 'left');
    const all = await book.audit(0, 100);
    expect(all).toMatchObject([
      { position: 1, by: 'key:boss', type: 'KeyCreated', keyId: key.keyId, grant: { name: 'sync' } },
      { position: 2, type: 'KeyRotated', oldUntil: clock.time + hourMs },
      { position: 3, by: 'oidc:x#u', type: 'PolicyChanged', version: 1, reason: 'auditors asked' },
      { position: 4, version: 2, rules: { added: ['b'], removed: ['a'], changed: ['(roles)'] } },
      { position: 5, type: 'KeyRevoked', reason: 'left' },
    ]);
    expect(JSON.stringify(all)).not.toMatch(/[0-9a-f]{64}/);
    expect(await book.audit(2, 2)).toEqual(all.slice(2, 4));
  });
});
