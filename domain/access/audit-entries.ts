/**
 * The access journal as an auditor reads it: who changed what, when and why. Everything that happened is
 * there; hashes never are, and of a policy only which rules changed: the whole of it is kept by its version.
 */
import type { JournalEntry } from '../ports.ts';
import type { AuditEntry, PolicyDifference } from './administration-port.ts';
import type { AccessEvent } from './events.ts';
import type { AccessPolicy } from './policy.ts';
import { AccessRegistry } from './registry.ts';

/** At most `limit` of the entries after position `after`, oldest first; `entries` is the whole journal. */
export function auditEntries(
  entries: readonly JournalEntry<AccessEvent>[],
  after: number,
  limit: number,
): readonly AuditEntry[] {
  const registry = new AccessRegistry();
  const found: AuditEntry[] = [];
  for (const entry of entries) {
    if (found.length >= limit) break;
    const before = registry.policy.policy;
    registry.apply(entry);
    if (entry.position <= after) continue;
    const { position, recordedAt, event } = entry;
    const took = registry.policy.position === position;
    found.push({ position, recordedAt, by: event.by.id, type: event.type, ...partsOf(event, before, took) });
  }
  return found;
}

function partsOf(event: AccessEvent, before: AccessPolicy, took: boolean): Partial<AuditEntry> {
  switch (event.type) {
    case 'KeyCreated':
      return { keyId: event.keyId, grant: event.grant };
    case 'KeyRotated':
      return { keyId: event.keyId, oldUntil: event.oldUntil };
    case 'KeyRevoked':
      return { keyId: event.keyId, reason: event.reason };
    case 'PolicyChanged':
      return {
        version: event.version,
        ...(event.reason === undefined ? {} : { reason: event.reason }),
        ...(took ? { rules: policyDifference(before, event.policy) } : { effective: false }),
      };
    default:
      return event;
  }
}

/** Which rules came, went or are not as they were. Roles that changed are told as `(roles)`. */
export function policyDifference(before: AccessPolicy, after: AccessPolicy): PolicyDifference {
  const [old, present] = [textsById(before), textsById(after)];
  return {
    added: [...present.keys()].filter((id) => !old.has(id)),
    removed: [...old.keys()].filter((id) => !present.has(id)),
    changed: [...present].flatMap(([id, text]) => {
      const was = old.get(id);
      return was === undefined || was === text ? [] : [id];
    }),
  };
}

function textsById({ roles, rules }: AccessPolicy): ReadonlyMap<string, string> {
  return new Map([
    ['(roles)', JSON.stringify(roles)],
    ...rules.map((rule) => [rule.id, JSON.stringify(rule)] as const),
  ]);
}
