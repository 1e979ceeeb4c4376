/** Roles that contain roles. */
import type { AccessPolicy } from './policy.ts';

/** A role that no one has: a rule that asks for it alone passes for nobody, not even for `admin`. */
export const nobodyRole = 'nobody';

/** The roles and all that they contain, however deep. A circle, which validation refuses, does no harm. */
export function withContained(roles: readonly string[], policy: AccessPolicy): ReadonlySet<string> {
  const found = new Set<string>();
  const open = [...roles];
  for (let role = open.pop(); role !== undefined; role = open.pop()) {
    if (role === nobodyRole || found.has(role)) continue;
    found.add(role);
    if (Object.hasOwn(policy.roles, role)) open.push(...(policy.roles[role]?.contains ?? []));
  }
  return found;
}

/** The first circle of roles that contain each other, as `a → b → a`; undefined where there is none. */
export function circleIn(policy: AccessPolicy): readonly string[] | undefined {
  const sound = new Set<string>();
  for (const role of Object.keys(policy.roles)) {
    const circle = circleFrom(role, policy, [], sound);
    if (circle !== undefined) return circle;
  }
  return undefined;
}

function circleFrom(
  role: string,
  policy: AccessPolicy,
  path: readonly string[],
  sound: Set<string>,
): readonly string[] | undefined {
  const at = path.indexOf(role);
  if (at !== -1) return [...path.slice(at), role];
  if (sound.has(role) || !Object.hasOwn(policy.roles, role)) return undefined;
  for (const contained of policy.roles[role]?.contains ?? []) {
    const circle = circleFrom(contained, policy, [...path, role], sound);
    if (circle !== undefined) return circle;
  }
  sound.add(role);
  return undefined;
}
