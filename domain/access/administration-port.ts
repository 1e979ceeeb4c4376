/**
 * What is asked and done about keys and the policy, by whoever it is that asks: routes and commands speak to
 * this, and none of them to the journal.
 */
import type { TicketState } from '../ticket/state.ts';
import type { EpochMs } from '../ticket/values.ts';
import type { AccessRejection } from './administration.ts';
import type { AccessEvent, KeyGrant } from './events.ts';
import type { AccessOperation, AccessPolicy } from './policy.ts';
import type { Principal } from './principal.ts';
import type { KeyState, PolicyRecord } from './registry.ts';

/** A key as it may be shown to whoever manages access: everything but its hashes. */
export interface KeyView extends KeyGrant {
  readonly keyId: string;
  readonly state: KeyState;
  readonly createdAt: EpochMs;
  readonly createdBy: string;
  readonly rotatedAt?: EpochMs;
  /** Until when the secret before the last rotation holds. */
  readonly oldUntil?: EpochMs;
  readonly revoked?: { readonly at: EpochMs; readonly by: string; readonly reason: string };
}

/** The one time that a secret is told: it is kept nowhere. */
export interface NewKey {
  readonly status: 'done';
  readonly key: KeyView;
  /** What to send after `authorization: Bearer`. */
  readonly text: string;
}

/** What one change of the policy did to its rules, by their ids. */
export interface PolicyDifference {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
}

/** One line of the audit view: what was done, without hashes. */
export interface AuditEntry {
  readonly position: number;
  readonly recordedAt: EpochMs;
  readonly by: string;
  readonly type: AccessEvent['type'];
  readonly keyId?: string;
  readonly grant?: KeyGrant;
  readonly oldUntil?: EpochMs;
  readonly version?: number;
  readonly rules?: PolicyDifference;
  readonly reason?: string;
  /** Absent where it took effect; `false` for a change of the policy that another one forestalled. */
  readonly effective?: false;
}

export interface AccessAdministration {
  /** In the order in which they were made. */
  keys(): readonly KeyView[];
  createKey(by: string, grant: KeyGrant): Promise<NewKey | AccessRejection>;
  rotateKey(by: string, keyId: string, overlapMs: number): Promise<NewKey | AccessRejection>;
  revokeKey(by: string, keyId: string, reason: string): Promise<KeyView | AccessRejection>;
  /** As of a version; the present one where none is given, `undefined` where there was none. */
  policy(version?: number): Promise<PolicyRecord | undefined>;
  /** What is wrong with a policy, mistake by mistake; nothing where it can be used. */
  checkPolicy(policy: AccessPolicy): readonly string[];
  changePolicy(
    by: string,
    policy: AccessPolicy,
    options: { readonly expectedVersion?: number | undefined; readonly reason?: string | undefined },
  ): Promise<PolicyRecord | AccessRejection>;
  /** At most `limit` entries after a position, oldest first. */
  audit(after: number, limit: number): Promise<readonly AuditEntry[]>;
  /** Whom a key stands for, whether it holds or not. */
  principalOf(keyId: string): Principal | undefined;
}

/** The rules as they are enforced. */
export interface RulesInForce {
  /** What is wrong with a policy, mistake by mistake; nothing where it can be used. */
  check(policy: AccessPolicy): readonly string[];
  /** Decides everything by this policy from now on. */
  use(policy: AccessPolicy, version: number): void;
}

/** Says why somebody may or may not do something, as data that can be shown as JSON. */
export interface Explainer {
  explain(
    principal: Principal,
    operation: AccessOperation,
    ticket: TicketState | undefined,
    field: string | undefined,
  ): object;
}
