/**
 * Keys and policy in use: the registry that authenticators ask, kept by the journal, and the one way to
 * change it. A change counts when the journal has it, and at once after that; one is decided after the other.
 *
 * It must never hand out a secret whose hash is not durable, nor hold back what other servers appended.
 */
import { Fault } from '../errors.ts';
import type { Clock, Journal, JournalEntry } from '../ports.ts';
import {
  type AccessDecision,
  type AccessRejection,
  changePolicy,
  conflict,
  createKey,
  isRejected,
  revokeKey,
  rotateKey,
} from './administration.ts';
import type { AuditEntry, KeyView, NewKey, PolicyChange, RulesInForce } from './administration-port.ts';
import { auditEntries } from './audit-entries.ts';
import type { AccessEvent, KeyGrant } from './events.ts';
import { keyView, principalOfKey } from './key-principal.ts';
import type { AccessPolicy } from './policy.ts';
import type { Principal } from './principal.ts';
import { AccessRegistry, builtInPolicy, type PolicyRecord } from './registry.ts';

/** Changes that wait for the one under way; more are refused with `overloaded`. */
const changesWaitingMax = 100;

/** A new secret: for a new key, or for the one with this id. */
export interface MintedKey {
  readonly keyId: string;
  readonly hash: string;
  readonly text: string;
}
export type MintKey = (keyId?: string) => MintedKey;

export interface AccessBookParts {
  readonly journal: Journal<AccessEvent>;
  readonly clock: Clock;
  readonly mint: MintKey;
  readonly rules: RulesInForce;
}

/** Reads the journal and puts its policy in force. The journal is closed by whoever opened it. */
export async function openAccessBook(parts: AccessBookParts): Promise<AccessBook> {
  const registry = new AccessRegistry();
  for (const entry of await parts.journal.read()) registry.apply(entry);
  return new AccessBook(registry, parts);
}

export class AccessBook {
  readonly registry: AccessRegistry;
  readonly #parts: AccessBookParts;
  /** Entries that came before one that they follow on. */
  readonly #ahead = new Map<number, JournalEntry<AccessEvent>>();
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(registry: AccessRegistry, parts: AccessBookParts) {
    this.registry = registry;
    this.#parts = parts;
    this.#enforceAfter(builtInPolicy.version);
    parts.journal.watch((entries) => this.#arrive(entries));
  }

  keys(): readonly KeyView[] {
    const now = this.#parts.clock.now();
    return this.registry.keys.map((key) => keyView(key, now));
  }

  /** `made` is a secret that exists already, as that of the first key, whose file is written before. */
  createKey(by: string, grant: KeyGrant, made?: MintedKey): Promise<NewKey | AccessRejection> {
    return this.#changeSecret((now) => {
      const minted = made ?? this.#parts.mint();
      const { keyId, hash } = minted;
      return { minted, decision: createKey(this.registry, { by, minted: { keyId, hash }, grant, now }) };
    });
  }

  rotateKey(by: string, keyId: string, overlapMs: number): Promise<NewKey | AccessRejection> {
    return this.#changeSecret((now) => {
      const minted = this.#parts.mint(keyId);
      const { hash } = minted;
      return { minted, decision: rotateKey(this.registry, { by, minted: { keyId, hash }, overlapMs, now }) };
    });
  }

  revokeKey(by: string, keyId: string, reason: string): Promise<KeyView | AccessRejection> {
    return this.#inTurn(async () => {
      const done = await this.#carryOut(revokeKey(this.registry, { by, keyId, reason }));
      return isRejected(done) ? done : this.#view(keyId);
    });
  }

  async policy(version?: number): Promise<PolicyRecord | undefined> {
    if (version === undefined || version === this.registry.policy.version) return this.registry.policy;
    if (version === 0) return builtInPolicy;
    const past = new AccessRegistry();
    for (const entry of await this.#parts.journal.read()) {
      past.apply(entry);
      if (past.policy.version === version) return past.policy;
    }
    return undefined;
  }

  checkPolicy(policy: AccessPolicy): readonly string[] {
    return this.#parts.rules.check(policy);
  }

  changePolicy(
    by: string,
    policy: AccessPolicy,
    { expectedVersion, reason }: PolicyChange,
  ): Promise<PolicyRecord | AccessRejection> {
    return this.#inTurn(async () => {
      const problems = this.checkPolicy(policy);
      const wish = { by, policy, expectedVersion, reason, problems };
      const before = this.registry.policy.version;
      const done = await this.#carryOut(changePolicy(this.registry, wish));
      if (isRejected(done)) return done;
      const { policy: present } = this.registry;
      return present.position === done.position ? present : conflict(before, present.version);
    });
  }

  async audit(after: number, limit: number): Promise<readonly AuditEntry[]> {
    return auditEntries(await this.#parts.journal.read(), after, limit);
  }

  principalOf(keyId: string): Principal | undefined {
    const key = this.registry.key(keyId);
    return key === undefined ? undefined : principalOfKey(key, () => true);
  }

  #changeSecret(
    decide: (now: number) => { readonly minted: MintedKey; readonly decision: AccessDecision },
  ): Promise<NewKey | AccessRejection> {
    return this.#inTurn(async () => {
      const { minted, decision } = decide(this.#parts.clock.now());
      const done = await this.#carryOut(decision);
      if (isRejected(done)) return done;
      return { status: 'done', key: this.#view(minted.keyId), text: minted.text };
    });
  }

  async #carryOut(decision: AccessDecision): Promise<JournalEntry<AccessEvent> | AccessRejection> {
    if (isRejected(decision)) return decision;
    const [entry] = await this.#parts.journal.append([decision]);
    if (entry === undefined) throw new Error('bug: an access event was appended without an entry');
    this.#arrive([entry]);
    return entry;
  }

  /**
   * Everything of the journal arrives once, but what others appended may be told before the answer to an own
   * append that comes before it.
   */
  #arrive(entries: readonly JournalEntry<AccessEvent>[]): void {
    const { version } = this.registry.policy;
    for (const entry of entries) this.#ahead.set(entry.position, entry);
    for (;;) {
      const next = this.#ahead.get(this.registry.position + 1);
      if (next === undefined) break;
      this.#ahead.delete(next.position);
      this.registry.apply(next);
    }
    this.#enforceAfter(version);
  }

  #enforceAfter(before: number): void {
    const { policy, version } = this.registry.policy;
    if (version !== before) this.#parts.rules.use(policy, version);
  }

  #view(keyId: string): KeyView {
    const key = this.registry.key(keyId);
    if (key === undefined) throw new Error(`bug: the key ${keyId} was changed and is not there`);
    return keyView(key, this.#parts.clock.now());
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#waiting >= changesWaitingMax) {
      throw new Fault('overloaded', `${this.#waiting} changes of keys or rules wait already`);
    }
    this.#waiting += 1;
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => undefined);
    try {
      return await turn;
    } finally {
      this.#waiting -= 1;
    }
  }
}
