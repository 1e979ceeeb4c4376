/**
 * Answers requests whose own answer is late. Fastify has a timeout of its own, which makes an AbortController
 * and an exception for every request; one sweep a second over all costs next to nothing.
 *
 * It never stops the work: a command whose answer was late may still be carried out, and the problem says so.
 */
import type { FastifyReply } from 'fastify';
import { sendProblem } from './failures.ts';
import type { HttpLimits } from './limits.ts';
import { problem } from './problem.ts';
import { UnderWay } from './under-way.ts';

/** A request without an answer. */
interface Waiting {
  readonly reply: FastifyReply;
  readonly sinceMs: number;
  /** How many came before it. */
  readonly number: number;
  isLate: boolean;
}

export class AnswerDeadline {
  readonly #answerMsMax: number;
  readonly #waiting = new UnderWay<Waiting>();
  readonly #sweep: NodeJS.Timeout;
  #watched = 0;

  constructor({ answerMsMax, answerSweepMs }: Pick<HttpLimits, 'answerMsMax' | 'answerSweepMs'>) {
    this.#answerMsMax = answerMsMax;
    this.#sweep = setInterval(() => this.#answerLate(), answerSweepMs);
    // A server that no longer listens must not keep its process alive.
    this.#sweep.unref();
  }

  /** Watches a request until `ended` is called, once, with the place that this answers. */
  watch(reply: FastifyReply, sinceMs: number): number {
    const number = this.#watched;
    this.#watched += 1;
    return this.#waiting.add({ reply, sinceMs, number, isLate: false });
  }

  /** Its response is finished, or its client gone. */
  ended(place: number): void {
    this.#waiting.remove(place);
  }

  /** What is not answered yet, oldest first. */
  unanswered(): readonly FastifyReply[] {
    const waiting = [...this.#waiting.all()].filter(({ reply }) => !reply.sent);
    return waiting.sort((one, other) => one.number - other.number).map(({ reply }) => reply);
  }

  stop(): void {
    clearInterval(this.#sweep);
  }

  #answerLate(): void {
    const before = performance.now() - this.#answerMsMax;
    for (const waiting of this.#waiting.all()) {
      const { reply, sinceMs, isLate } = waiting;
      if (sinceMs > before || isLate) continue;
      waiting.isLate = true;
      // A stream has begun its answer, and has bounds of its own.
      if (reply.sent || reply.request.hasOwnBounds) continue;
      sendProblem(reply, problem('answer_timeout', `there was no answer within ${this.#answerMsMax} ms`));
    }
  }
}
