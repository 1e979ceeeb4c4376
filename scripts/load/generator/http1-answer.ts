/**
 * Reads answers of HTTP/1.1 (RFC 9112) from what a connection brings, one request at a time. Own code because
 * a client of the library took 1.7 times the CPU for each request, on cores that the server shares, so that
 * the load test would have measured itself.
 * It must never take a part of an answer for the whole.
 */
import { type Answer, answerCharactersMax } from './transport.ts';

export interface ReadAnswer extends Answer {
  /** Whether the connection can not be used again. */
  readonly last: boolean;
  /** How long the server keeps the connection while nothing is asked; undefined where it does not say. */
  readonly keepAliveMs: number | undefined;
}

interface Head extends Omit<ReadAnswer, 'body'> {
  /** Characters of the body: a number, in chunks, or up to the connection's end. */
  readonly length: number | 'chunked' | 'until end';
}

/** What came over the connection is no answer of HTTP/1.1; nothing after it can be read. */
export class NoAnswer extends Error {}

const statusLine = /^HTTP\/1\.[01] (\d{3})[ \r]/;
const contentLength = /\r\ncontent-length: *(\d+)/i;
const chunked = /\r\ntransfer-encoding:[^\r]*\bchunked/i;
const closing = /\r\nconnection:[^\r]*\bclose\b/i;
const keepAlive = /\r\nkeep-alive:[^\r]*\btimeout=(\d+)/i;
const retryAfter = /\r\nretry-after:/i;
const chunkSize = /^[0-9a-f]{1,8}(?=[;\s]|$)/i;
const lineEnd = '\r\n';
const headEnd = '\r\n\r\n';

export class AnswerReader {
  #held = '';
  #head: Head | undefined;
  #body = '';

  /** Takes what arrived, as latin1. The answer once it is whole; throws `NoAnswer`. */
  push(text: string): ReadAnswer | undefined {
    this.#held = this.#held === '' ? text : this.#held + text;
    if (this.#held.length + this.#body.length > answerCharactersMax) throw new NoAnswer('it is too long');
    const head = this.#head ?? this.#takeHead();
    if (head === undefined) return undefined;
    this.#head = head;
    if (head.length === 'until end') return undefined;
    if (head.length === 'chunked') return this.#takeChunks(head);
    if (this.#held.length < head.length) return undefined;
    if (this.#held.length > head.length) throw new NoAnswer('there is more of it than it says');
    return this.#whole(head, this.#held);
  }

  /** The connection ended: the answer if that is how it was to end. */
  end(): ReadAnswer | undefined {
    const head = this.#head;
    return head?.length === 'until end' ? this.#whole(head, this.#held) : undefined;
  }

  #takeHead(): Head | undefined {
    for (;;) {
      const end = this.#held.indexOf(headEnd);
      if (end === -1) return undefined;
      // With the line end that closes it, so that each header stands between two.
      const text = this.#held.slice(0, end + lineEnd.length);
      this.#held = this.#held.slice(end + headEnd.length);
      const head = readHead(text);
      // An interim answer, such as 100 or 103: the real one follows.
      if (head.status >= 200) return head;
    }
  }

  #takeChunks(head: Head): ReadAnswer | undefined {
    for (;;) {
      const sizeEnd = this.#held.indexOf(lineEnd);
      if (sizeEnd === -1) return undefined;
      const [digits] = chunkSize.exec(this.#held.slice(0, sizeEnd)) ?? [];
      if (digits === undefined) throw new NoAnswer('a chunk has no size');
      const size = Number.parseInt(digits, 16);
      const dataAt = sizeEnd + lineEnd.length;
      if (size === 0) return this.#takeTrailers(head, sizeEnd);
      if (this.#held.length < dataAt + size + lineEnd.length) return undefined;
      this.#body += this.#held.slice(dataAt, dataAt + size);
      this.#held = this.#held.slice(dataAt + size + lineEnd.length);
    }
  }

  /** Trailers end with an empty line; where there are none, that line follows the last size at once. */
  #takeTrailers(head: Head, sizeEnd: number): ReadAnswer | undefined {
    return this.#held.indexOf(headEnd, sizeEnd) === -1 ? undefined : this.#whole(head, this.#body);
  }

  #whole({ status, retryAfter, last, keepAliveMs }: Head, body: string): ReadAnswer {
    this.#held = '';
    this.#body = '';
    this.#head = undefined;
    return { status, retryAfter, last, keepAliveMs, body };
  }
}

function readHead(text: string): Head {
  const status = Number(statusLine.exec(text)?.[1] ?? Number.NaN);
  if (Number.isNaN(status)) throw new NoAnswer('it does not begin as one');
  const length = lengthOf(text, status);
  const seconds = keepAlive.exec(text)?.[1];
  return {
    status,
    length,
    last: length === 'until end' || closing.test(text),
    keepAliveMs: seconds === undefined ? undefined : Number(seconds) * 1_000,
    retryAfter: (status === 429 || status === 503) && retryAfter.test(text),
  };
}

/** RFC 9112, section 6.3: chunks before a length, and no body where the status has none. */
function lengthOf(text: string, status: number): Head['length'] {
  if (status < 200 || status === 204 || status === 304) return 0;
  if (chunked.test(text)) return 'chunked';
  const length = contentLength.exec(text)?.[1];
  return length === undefined ? 'until end' : Number(length);
}
