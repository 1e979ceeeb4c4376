/**
 * Ticket ids for the cases of other systems. A case id that is a ticket id stays as it is; of any other, the
 * bytes that may not stand in one are written as `:` and two hexadecimal digits, so that it can be read back.
 * Only a case id that is too long for that becomes a digest; the import keeps the case's own id in a field.
 *
 * It must never give two cases one ticket.
 */
import { createHash } from 'node:crypto';
import { idCharactersMax, type TicketId, ticketIdSchema } from '../../domain/ticket/values.ts';

const plain = /^[A-Za-z0-9._-]$/;
/** What an escaped id has and an id that was left alone has not. */
const escaped = /^c::|:[0-9a-f]{2}/;
const digested = 'h::';
const digestDigits = 40;

export function ticketIdOf(caseId: string): TicketId {
  if (!escaped.test(caseId) && !caseId.includes('::') && ticketIdSchema.safeParse(caseId).success)
    return caseId;
  let id = '';
  for (const byte of Buffer.from(caseId)) {
    const character = String.fromCharCode(byte);
    id += plain.test(character) ? character : `:${byte.toString(16).padStart(2, '0')}`;
    if (id.length > idCharactersMax) break;
  }
  // An id begins with a letter or a digit.
  if (!/^[A-Za-z0-9]/.test(id)) id = `c::${id}`;
  if (id.length <= idCharactersMax) return id;
  return `${digested}${createHash('sha256').update(caseId).digest('hex').slice(0, digestDigits)}`;
}

/** The case id that `ticketIdOf` was given; `undefined` for a digest, which can not be read back. */
export function caseIdOf(ticketId: TicketId): string | undefined {
  if (ticketId.startsWith(digested)) return undefined;
  if (!escaped.test(ticketId)) return ticketId;
  const text = ticketId.replace(/^c::/, '');
  const bytes: number[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const isEscape = text[at] === ':';
    bytes.push(isEscape ? Number.parseInt(text.slice(at + 1, at + 3), 16) : text.charCodeAt(at));
    if (isEscape) at += 2;
  }
  return Buffer.from(bytes).toString();
}
