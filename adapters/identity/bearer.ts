/** From the claims of a token that holds to who its bearer is, by the issuer's settings. */
import type { JWTPayload } from 'jose';
import type { Principal, Scope } from '../../domain/access/principal.ts';
import { nameCharactersMax } from '../../domain/ticket/values.ts';
import type { TokenIssuer } from './token-settings.ts';

/** Of one claim; what is beyond it counts for nothing. */
const claimItemsMax = 200;
const groupsMax = 100;

/** `undefined` where the claims do not say who it is. */
export function bearerOf(
  claims: JWTPayload,
  { issuer, actor, roles, scopes, groups }: TokenIssuer,
): Omit<Principal, 'isActive'> | undefined {
  const [actorId] = wordsAt(claims, actor.claim, 'whole');
  if (actorId === undefined || claims.sub === undefined || claims.sub === '') return undefined;
  return {
    id: `oidc:${issuer}#${claims.sub}`,
    actor: { id: actorId, role: actor.role },
    roles: mapped(wordsAt(claims, roles.claim, 'apart'), roles.map),
    groups: groups === undefined ? [] : wordsAt(claims, groups.claim, 'whole').slice(0, groupsMax),
    scopes: new Set<Scope>(mapped(wordsAt(claims, scopes.claim, 'apart'), scopes.map)),
  };
}

function mapped<Name>(words: readonly string[], map: Readonly<Record<string, readonly Name[]>>): Name[] {
  const found = words.flatMap((word) => (Object.hasOwn(map, word) ? (map[word] ?? []) : []));
  return [...new Set(found)];
}

/** The texts of a claim: a list of them, or one, which is taken `apart` at blanks where it may be a list. */
function wordsAt(claims: JWTPayload, path: string, one: 'whole' | 'apart'): readonly string[] {
  const value = valueAt(claims, path);
  const items: readonly unknown[] =
    typeof value === 'string'
      ? one === 'apart'
        ? value.split(' ')
        : [value]
      : Array.isArray(value)
        ? value
        : [];
  return items.slice(0, claimItemsMax).filter(isName);
}

/** A claim whose own name holds dots, as namespaced ones do, comes before a path. */
function valueAt(claims: JWTPayload, path: string): unknown {
  if (Object.hasOwn(claims, path)) return claims[path];
  let value: unknown = claims;
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = Reflect.get(value, name);
  }
  return value;
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= nameCharactersMax;
}
