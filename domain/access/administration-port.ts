/**
 * What is asked and done about keys and the policy, by whoever it is that asks: routes and commands speak to
 * this, and none of them to the journal.
 */
import type { TicketState } from '../ticket/state.ts';
import type { Actor, EpochMs, TicketId } from '../ticket/values.ts';
import type { AccessRejection } from './administration.ts';
import type { AccessEvent, KeyGrant } from './events.ts';
import type { AskedOperation } from './operations.ts';
import type { AccessPolicy } from './policy.ts';
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

/** Whose rights are asked about: a key's, or those of anybody with these roles. */
export type ExplainedAs =
  | { readonly keyId: string }
  | { readonly actor: Actor; readonly roles: readonly string[]; readonly groups: readonly string[] };

export interface AccessQuestion {
  readonly operation: AskedOperation;
  readonly ticketId: TicketId | undefined;
  readonly field: string | undefined;
  /** Whoever asks, where it is absent. */
  readonly as: ExplainedAs | undefined;
}

/** Everything about access, as one principal asks for it: what is changed is changed in its name. */
export interface AccessAdministration {
  /** In the order in which they were made. */
  keys(): Promise<readonly KeyView[]>;
  createKey(grant: KeyGrant): Promise<NewKey | AccessRejection>;
  rotateKey(keyId: string, overlapMs: number): Promise<NewKey | AccessRejection>;
  revokeKey(keyId: string, reason: string): Promise<KeyView | AccessRejection>;
  /** As of a version; the present one where none is given, `undefined` where there was none. */
  policy(version?: number): Promise<PolicyRecord | undefined>;
  /** What is wrong with a policy, mistake by mistake; nothing where it can be used. */
  checkPolicy(policy: AccessPolicy): Promise<readonly string[]>;
  changePolicy(policy: AccessPolicy, options: PolicyChange): Promise<PolicyRecord | AccessRejection>;
  /** At most `limit` entries after a position, oldest first. */
  audit(after: number, limit: number): Promise<readonly AuditEntry[]>;
  /** Why, as data that can be shown as JSON. */
  explain(question: AccessQuestion): Promise<Explained | AccessRejection>;
}

export interface PolicyChange {
  /** The version that the caller has seen; without one, whatever is there is replaced. */
  readonly expectedVersion?: number | undefined;
  readonly reason?: string | undefined;
}

export interface Explained {
  readonly status: 'done';
  readonly explanation: object;
}

/** Where each principal gets the administration that acts in its name. */
export interface AccessOffice {
  as(principal: Principal): AccessAdministration;
}

/** The rules as they are enforced; the built-in policy to begin with. */
export interface RulesInForce {
  /** What is wrong with a policy, mistake by mistake; nothing where it can be used. */
  check(policy: AccessPolicy): readonly string[];
  /** Decides everything by this policy from now on. Each call comes with another version. */
  use(policy: AccessPolicy, version: number): void;
}

/**
 * Says why somebody may or may not do something, as data that can be shown as JSON to `reader`: it quotes
 * nothing of the ticket that they may not see.
 */
export interface Explainer {
  explain(
    principal: Principal,
    operation: AskedOperation,
    ticket: TicketState | undefined,
    field: string | undefined,
    reader: Principal,
  ): object;
}
