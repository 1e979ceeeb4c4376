/**
 * If-Match (RFC 9110, 13.1.1): the revisions of a ticket that a caller is ready to change. The entity tag of
 * a ticket is its revision, so a condition on the tag becomes the engine's condition on the revision, which
 * is checked on the very state that is decided on.
 */
import type { TicketReader } from '../../domain/ports.ts';
import type { TicketId } from '../../domain/ticket/values.ts';
import { problem, RequestRefused } from './problem.ts';

/** One entity tag, or nothing, before a comma or the end. */
const tagHere = /[ \t]*(?:(W\/)?"([\x21\x23-\x7e\x80-\xff]*)")?[ \t]*(?:,|$)/y;
const revisionText = /^(?:0|[1-9]\d{0,14})$/;

/** No ticket is ever at it: what to expect where no tag can match. */
const neverReached = Number.MAX_SAFE_INTEGER;

/**
 * The revision to expect of a ticket; undefined where any will do. Of several the present one is taken, if it
 * is among them: should it change before the command is decided, the command is refused. Throws
 * `RequestRefused`.
 */
export async function expectedRevisionOf(
  ifMatch: string | undefined,
  ticketId: TicketId,
  tickets: TicketReader,
): Promise<number | undefined> {
  if (ifMatch === undefined || ifMatch.trim() === '*') return undefined;
  const revisions = readTags(ifMatch);
  if (revisions.length <= 1) return revisions[0] ?? neverReached;
  const present = (await tickets.current(ticketId))?.revision;
  return revisions.find((each) => each === present) ?? revisions[0];
}

/** The revisions among the tags. Weak tags never match here, and neither do tags that Docket never gave. */
function readTags(header: string): readonly number[] {
  const revisions: number[] = [];
  let tags = 0;
  for (let at = 0; at < header.length; at = tagHere.lastIndex) {
    tagHere.lastIndex = at;
    const found = tagHere.exec(header);
    if (found === null) throw notTags();
    const [, weak, opaque] = found;
    if (opaque === undefined) continue;
    tags += 1;
    if (weak === undefined && revisionText.test(opaque)) revisions.push(Number(opaque));
  }
  if (tags === 0) throw notTags();
  return revisions;
}

function notTags(): RequestRefused {
  return new RequestRefused(problem('request_invalid', 'If-Match: expected "7", "7", "8" or *'));
}
