/**
 * What may be done about keys and the policy: from a wish and the present state to an event, or to why not.
 * Pure, as the decider of tickets is; secrets are made outside and only their hashes arrive here.
 */
import type { RejectionCode } from '../errors.ts';
import type { EpochMs } from '../ticket/values.ts';
import type { AccessEvent, KeyGrant } from './events.ts';
import type { AccessPolicy } from './policy.ts';
import { adminRole } from './principal.ts';
import { type AccessRegistry, keyStateAt } from './registry.ts';

export const administrationBounds = {
  /** Keys that hold; revoked and expired ones do not count. */
  keysMax: 10_000,
  /** How long an old secret may hold beside the new one. */
  overlapMsMax: 30 * 24 * 3_600_000,
  /** What is wrong with a policy is told up to this many mistakes. */
  policyProblemsMax: 20,
} as const;

export interface AccessRejection {
  readonly status: 'rejected';
  readonly code: Extract<
    RejectionCode,
    'invalid_command' | 'key_unknown' | 'policy_invalid' | 'policy_conflict' | 'ticket_not_found'
  >;
  readonly message: string;
  /** Each mistake of a policy, where it has several. */
  readonly reasons?: readonly string[];
}

export type AccessDecision = AccessEvent | AccessRejection;

/** A secret that was just made: the event holds its hash only. */
interface Minted {
  readonly keyId: string;
  readonly hash: string;
}

export function isRejected(decision: object): decision is AccessRejection {
  return 'status' in decision && decision.status === 'rejected';
}

export function createKey(
  registry: AccessRegistry,
  { by, minted, grant, now }: { by: string; minted: Minted; grant: KeyGrant; now: EpochMs },
): AccessDecision {
  if (grant.expiresAt !== undefined && grant.expiresAt <= now) {
    return invalid('expiresAt: the time is over already; give one in the future');
  }
  const { roles } = registry.policy.policy;
  const unknown = grant.roles.find((role) => role !== adminRole && !Object.hasOwn(roles, role));
  if (unknown !== undefined) {
    const known = Object.keys(roles).join(', ');
    return invalid(`roles: the access policy has no role ${unknown}; it has ${known}`);
  }
  if (registry.key(minted.keyId) !== undefined) return invalid('a key with this id exists; try again');
  const active = registry.keys.filter((key) => keyStateAt(key, now) === 'active').length;
  if (active >= administrationBounds.keysMax) {
    return invalid(`${active} keys hold already, and no more may; revoke those that nobody uses`);
  }
  return { type: 'KeyCreated', by: { id: by }, ...minted, grant };
}

/** `minted` has the key's own id: what a key is called does not change with its secret. */
export function rotateKey(
  registry: AccessRegistry,
  { by, minted, overlapMs, now }: { by: string; minted: Minted; overlapMs: number; now: EpochMs },
): AccessDecision {
  const refused = notActive(registry, minted.keyId, now);
  if (refused !== undefined) return refused;
  if (overlapMs < 0 || overlapMs > administrationBounds.overlapMsMax) {
    const daysMax = administrationBounds.overlapMsMax / (24 * 3_600_000);
    return invalid(`overlap: the old secret may hold for ${daysMax} days at most`);
  }
  return { type: 'KeyRotated', by: { id: by }, ...minted, oldUntil: now + overlapMs };
}

/** A key that has expired can be revoked too: clocks can be set back. */
export function revokeKey(
  registry: AccessRegistry,
  { by, keyId, reason }: { by: string; keyId: string; reason: string },
): AccessDecision {
  const key = registry.key(keyId);
  if (key === undefined || key.revoked !== undefined) return noKey(keyId, key !== undefined);
  return { type: 'KeyRevoked', by: { id: by }, keyId, reason };
}

export interface PolicyWish {
  readonly by: string;
  readonly policy: AccessPolicy;
  /** The version that the caller has seen; without one, whatever is there is replaced. */
  readonly expectedVersion: number | undefined;
  readonly reason: string | undefined;
  /** What is wrong with the policy, mistake by mistake. */
  readonly problems: readonly string[];
}

export function changePolicy(registry: AccessRegistry, wish: PolicyWish): AccessDecision {
  const { by, policy, expectedVersion, reason, problems } = wish;
  const { version } = registry.policy;
  if (expectedVersion !== undefined && expectedVersion !== version) {
    return conflict(expectedVersion, version);
  }
  if (problems.length > 0) {
    const reasons = problems.slice(0, administrationBounds.policyProblemsMax);
    return { status: 'rejected', code: 'policy_invalid', message: reasons.join('; '), reasons };
  }
  const why = reason === undefined ? {} : { reason };
  return { type: 'PolicyChanged', by: { id: by }, version: version + 1, policy, ...why };
}

export function conflict(expected: number, actual: number): AccessRejection {
  const message = `the policy is at version ${actual}, not ${expected}; look at it again, then change that one`;
  return { status: 'rejected', code: 'policy_conflict', message };
}

function notActive(registry: AccessRegistry, keyId: string, now: EpochMs): AccessRejection | undefined {
  const key = registry.key(keyId);
  if (key === undefined) return noKey(keyId, false);
  const state = keyStateAt(key, now);
  if (state === 'active') return undefined;
  return state === 'revoked' ? noKey(keyId, true) : invalid(`the key ${keyId} has expired; create a new one`);
}

export function noKey(keyId: string, revoked: boolean): AccessRejection {
  const message = revoked ? `the key ${keyId} was revoked; create a new one` : `there is no key ${keyId}`;
  return { status: 'rejected', code: 'key_unknown', message };
}

function invalid(message: string): AccessRejection {
  return { status: 'rejected', code: 'invalid_command', message };
}
