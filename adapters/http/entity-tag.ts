/**
 * Entity tags (RFC 9110, 8.8.3) of tickets: the revision, in quotes. What a caller sees of a ticket changes
 * with its revision and with nothing else of the ticket.
 */

export function etagOf(revision: number): string {
  return `"${revision}"`;
}

/**
 * Whether an `if-none-match` names the tag, so that the caller has what it asks for already. Compared weakly,
 * as RFC 9110 has it for that header: `W/` makes no difference.
 */
export function isNamed(entityTag: string, ifNoneMatch: string | undefined): boolean {
  if (ifNoneMatch === undefined) return false;
  // As nearly all callers write it.
  if (ifNoneMatch === entityTag) return true;
  return ifNoneMatch
    .split(',')
    .map((each) => each.trim())
    .some((each) => each === '*' || each === entityTag || each === `W/${entityTag}`);
}
