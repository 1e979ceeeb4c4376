/**
 * Cursors: where a page of a list ended, for its caller to bring back. They are sealed, because the place may
 * be that of a ticket which the caller must not know of; and they fit the question that they were given for,
 * and no other.
 */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import type { ListQuestion } from '../../projections/ticket-list.ts';
import { isKey, type ListKey } from '../../projections/ticket-list-order.ts';
import { problem, RequestRefused } from './problem.ts';

const cipher = 'aes-256-gcm';
const nonceBytes = 12;
const tagBytes = 16;
/** Another form of cursor gets another number: old ones are then refused, not misread. */
const form = 'docket list cursor 1';

export class ListCursors {
  readonly #key: Uint8Array;

  /** From a secret of any length that is not easily guessed. */
  constructor(secret: Uint8Array) {
    this.#key = createHash('sha256').update(form).update(secret).digest();
  }

  seal(question: ListQuestion, key: ListKey): string {
    const nonce = randomBytes(nonceBytes);
    const sealing = createCipheriv(cipher, this.#key, nonce).setAAD(marksOf(question));
    const sealed = Buffer.concat([sealing.update(JSON.stringify(key), 'utf8'), sealing.final()]);
    return Buffer.concat([nonce, sealing.getAuthTag(), sealed]).toString('base64url');
  }

  /** Throws `cursor_invalid` where it is not one of ours, or one for another question. */
  open(question: ListQuestion, cursor: string): ListKey {
    const bytes = Buffer.from(cursor, 'base64url');
    const key = bytes.length > nonceBytes + tagBytes ? this.#open(question, bytes) : undefined;
    if (Array.isArray(key) && isKey(question.sort, key)) return key;
    const detail = 'take the cursor as the last page gave it, and leave the rest of the question as it was';
    throw new RequestRefused(problem('cursor_invalid', detail));
  }

  #open(question: ListQuestion, bytes: Buffer): unknown {
    const tagEnd = nonceBytes + tagBytes;
    try {
      const opening = createDecipheriv(cipher, this.#key, bytes.subarray(0, nonceBytes))
        .setAAD(marksOf(question))
        .setAuthTag(bytes.subarray(nonceBytes, tagEnd));
      const text = Buffer.concat([opening.update(bytes.subarray(tagEnd)), opening.final()]).toString('utf8');
      return JSON.parse(text);
    } catch {
      return undefined;
    }
  }
}

/** The question in one spelling: its members come in the order in which one function puts them. */
function marksOf(question: ListQuestion): Buffer {
  return Buffer.from(JSON.stringify(question), 'utf8');
}
