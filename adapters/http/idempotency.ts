/**
 * Answers that were given under an Idempotency-Key, kept for a while to be given again. It is a convenience
 * on top of the engine's own memory of command ids: what was accepted is never done twice even where nothing
 * is kept here. It must never grow beyond its bounds, nor keep an answer that time may change.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type HttpAnswer, problemAnswer, sendAnswer } from './answer.ts';
import { problemOf } from './failures.ts';
import { commandIdOf, fingerprintOf, readIdempotencyKey } from './idempotency-key.ts';
import type { HttpLimits } from './limits.ts';
import { problem, RequestRefused } from './problem.ts';
import type { Caller } from './route.ts';

/** Set on an answer that was given before. */
export const replayedHeader = 'idempotent-replayed';

type Limits = Pick<
  HttpLimits,
  'idempotencyEntriesMax' | 'idempotencyBytesMax' | 'idempotencyAnswerBytesMax' | 'idempotencyMsMax'
>;

interface Kept {
  readonly fingerprint: string;
  readonly answer: HttpAnswer;
  readonly bytes: number;
  readonly expiresAtMs: number;
}

export interface Asked extends Caller {
  readonly raw: FastifyRequest;
}

/** Makes the answer to a request; with the command id to use where it has a key. */
type Work = (commandId: string | undefined) => Promise<HttpAnswer>;

export class IdempotentAnswers {
  readonly #limits: Limits;
  /** By the command id of principal and key; oldest first. */
  readonly #kept = new Map<string, Kept>();
  /** Keys whose first request is being answered, with its fingerprint. */
  readonly #inFlight = new Map<string, string>();
  #bytes = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  get entries(): number {
    return this.#kept.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Answers a request, or gives the answer again that it had before. `work` gets the command id to use where
   * the request has a key. Throws what `work` throws, `idempotency_in_flight` and `idempotency_key_reused`.
   */
  answer(asked: Asked, reply: FastifyReply, work: Work): Promise<FastifyReply> {
    const commandId = commandIdOfRequest(asked);
    if (commandId === undefined) return work(undefined).then((answer) => sendAnswer(reply, answer));
    return this.#answerOnce(commandId, asked, reply, work);
  }

  async #answerOnce(commandId: string, asked: Asked, reply: FastifyReply, work: Work): Promise<FastifyReply> {
    const fingerprint = fingerprintOf(asked.raw);
    const kept = this.#find(commandId, fingerprint);
    if (kept !== undefined) {
      return sendAnswer(reply.header(replayedHeader, 'true'), kept.answer);
    }
    this.#inFlight.set(commandId, fingerprint);
    try {
      const answer = await refusalsToo(() => work(commandId));
      if (answer.passing !== true) this.#keep(commandId, fingerprint, answer);
      return sendAnswer(reply, answer);
    } finally {
      this.#inFlight.delete(commandId);
    }
  }

  /**
   * Holds a key for as long as a stream under it goes on; answers its command id and how to let go of it.
   * Streams are not kept: each of their lines is known again by its own id.
   */
  hold(asked: Asked): { readonly commandId: string | undefined; readonly release: () => void } {
    const commandId = commandIdOfRequest(asked);
    if (commandId === undefined) return { commandId, release: () => undefined };
    const fingerprint = fingerprintOf(asked.raw);
    if (this.#find(commandId, fingerprint) !== undefined) throw reused();
    this.#inFlight.set(commandId, fingerprint);
    return { commandId, release: () => this.#inFlight.delete(commandId) };
  }

  #find(commandId: string, fingerprint: string): Kept | undefined {
    const before = this.#inFlight.get(commandId);
    if (before !== undefined) {
      if (before !== fingerprint) throw reused();
      const detail = 'the first request with this Idempotency-Key is being answered; wait for its answer';
      throw new RequestRefused(problem('idempotency_in_flight', detail));
    }
    const kept = this.#kept.get(commandId);
    if (kept === undefined || kept.expiresAtMs <= performance.now()) return undefined;
    if (kept.fingerprint !== fingerprint) throw reused();
    return kept;
  }

  #keep(commandId: string, fingerprint: string, answer: HttpAnswer): void {
    const { idempotencyEntriesMax, idempotencyBytesMax, idempotencyAnswerBytesMax, idempotencyMsMax } =
      this.#limits;
    const bytes = Buffer.byteLength(answer.body);
    if (bytes > idempotencyAnswerBytesMax) return;
    const now = performance.now();
    this.#drop(commandId);
    this.#kept.set(commandId, { fingerprint, answer, bytes, expiresAtMs: now + idempotencyMsMax });
    this.#bytes += bytes;
    for (const [oldest, { expiresAtMs }] of this.#kept) {
      const full = this.#kept.size > idempotencyEntriesMax || this.#bytes > idempotencyBytesMax;
      if (!full && expiresAtMs > now) return;
      this.#drop(oldest);
    }
  }

  #drop(commandId: string): void {
    this.#bytes -= this.#kept.get(commandId)?.bytes ?? 0;
    this.#kept.delete(commandId);
  }
}

/** Undefined without the header; nothing is computed then. */
function commandIdOfRequest({ raw, principal }: Asked): string | undefined {
  const header = raw.raw.headers['idempotency-key'];
  if (header === undefined) return undefined;
  return commandIdOf(principal, readIdempotencyKey(String(header)));
}

/** A refusal is an answer as well, unless the same request may have another one later. */
async function refusalsToo(work: () => Promise<HttpAnswer>): Promise<HttpAnswer> {
  try {
    return await work();
  } catch (error) {
    const found = problemOf(error);
    if (found.status >= 500 || found.retry) throw error;
    return problemAnswer(found);
  }
}

function reused(): RequestRefused {
  const detail = 'this Idempotency-Key was used before with another request; use a new key for a new one';
  return new RequestRefused(problem('idempotency_key_reused', detail));
}
