/**
 * The keys and the policy of the moment: the fold of the access journal, and nothing else. It decides nothing
 * and never refuses an event; of two servers that changed the policy at once, it is here that the later one
 * did not take.
 */
import type { JournalEntry } from '../ports.ts';
import type { EpochMs } from '../ticket/values.ts';
import { defaultPolicy } from './default-policy.ts';
import type { AccessEvent, KeyGrant } from './events.ts';
import type { AccessPolicy } from './policy.ts';

export interface KeyRecord {
  readonly keyId: string;
  readonly grant: KeyGrant;
  /** SHA-256 of the secret, in hexadecimal. */
  readonly hash: string;
  readonly createdAt: EpochMs;
  readonly createdBy: string;
  readonly rotatedAt: EpochMs | undefined;
  /** The secret before the last rotation, which holds before `until`. */
  readonly old: { readonly hash: string; readonly until: EpochMs } | undefined;
  readonly revoked: { readonly at: EpochMs; readonly by: string; readonly reason: string } | undefined;
}

export interface PolicyRecord {
  /** 0 for the built-in one. */
  readonly version: number;
  readonly policy: AccessPolicy;
  /** Where in the journal it is; 0 for the built-in one. */
  readonly position: number;
}

export const builtInPolicy: PolicyRecord = { version: 0, policy: defaultPolicy, position: 0 };

export type KeyState = 'active' | 'expired' | 'revoked';

export function keyStateAt({ grant, revoked }: KeyRecord, now: EpochMs): KeyState {
  if (revoked !== undefined) return 'revoked';
  return grant.expiresAt !== undefined && now >= grant.expiresAt ? 'expired' : 'active';
}

/** The hashes of the secrets that hold at a time: none, one, or two while callers change over. */
export function hashesAt(key: KeyRecord, now: EpochMs): readonly string[] {
  if (keyStateAt(key, now) !== 'active') return [];
  return key.old !== undefined && now < key.old.until ? [key.hash, key.old.hash] : [key.hash];
}

export class AccessRegistry {
  readonly #keys = new Map<string, KeyRecord>();
  #policy = builtInPolicy;
  #position = 0;

  /** Of the last entry that was applied; 0 before the first. */
  get position(): number {
    return this.#position;
  }

  get policy(): PolicyRecord {
    return this.#policy;
  }

  /** In the order in which they were made. */
  get keys(): readonly KeyRecord[] {
    return [...this.#keys.values()];
  }

  key(keyId: string): KeyRecord | undefined {
    return this.#keys.get(keyId);
  }

  /** Entries are applied once each, in their order. */
  apply({ position, recordedAt, event }: JournalEntry<AccessEvent>): void {
    if (position !== this.#position + 1) {
      throw new Error(`bug: entry ${position} of the access journal came after ${this.#position}`);
    }
    this.#position = position;
    this.#applyEvent(event, position, recordedAt);
  }

  #applyEvent(event: AccessEvent, position: number, recordedAt: EpochMs): void {
    switch (event.type) {
      case 'KeyCreated': {
        const { keyId, hash, grant, by } = event;
        const times = { createdAt: recordedAt, createdBy: by.id, rotatedAt: undefined };
        this.#keys.set(keyId, { keyId, hash, grant, ...times, old: undefined, revoked: undefined });
        return;
      }
      case 'KeyRotated':
        this.#change(event.keyId, (key) => ({
          ...key,
          hash: event.hash,
          rotatedAt: recordedAt,
          old: { hash: key.hash, until: event.oldUntil },
        }));
        return;
      case 'KeyRevoked':
        this.#change(event.keyId, (key) => ({
          ...key,
          revoked: key.revoked ?? { at: recordedAt, by: event.by.id, reason: event.reason },
        }));
        return;
      case 'PolicyChanged':
        if (event.version !== this.#policy.version + 1) return;
        this.#policy = { version: event.version, policy: event.policy, position };
        return;
      default:
        event satisfies never;
    }
  }

  #change(keyId: string, change: (key: KeyRecord) => KeyRecord): void {
    const key = this.#keys.get(keyId);
    if (key !== undefined) this.#keys.set(keyId, change(key));
  }
}
