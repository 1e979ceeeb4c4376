/** A key as whom it stands for, and as it may be shown. Neither ever has its hashes. */
import type { EpochMs } from '../ticket/values.ts';
import type { KeyView } from './administration-port.ts';
import type { Principal } from './principal.ts';
import { type KeyRecord, keyStateAt } from './registry.ts';

export function principalOfKey({ keyId, grant }: KeyRecord, isActive: () => boolean): Principal {
  const { actor, roles, groups, scopes } = grant;
  return { id: `key:${keyId}`, actor, roles, groups, scopes: new Set(scopes), isActive };
}

export function keyView(key: KeyRecord, now: EpochMs): KeyView {
  const { keyId, grant, createdAt, createdBy, rotatedAt, old, revoked } = key;
  return {
    keyId,
    ...grant,
    state: keyStateAt(key, now),
    createdAt,
    createdBy,
    ...(rotatedAt === undefined ? {} : { rotatedAt }),
    ...(old === undefined ? {} : { oldUntil: old.until }),
    ...(revoked === undefined ? {} : { revoked }),
  };
}
