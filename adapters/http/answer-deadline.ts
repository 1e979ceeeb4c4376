/**
 * Answers requests whose own answer is late. Fastify has a timeout of its own, which makes an AbortController
 * and an exception for every request; one sweep over the oldest costs next to nothing.
 *
 * It never stops the work: a command whose answer was late may still be carried out, and the problem says so.
 */
import type { FastifyReply } from 'fastify';
import { sendProblem } from './failures.ts';
import type { HttpLimits } from './limits.ts';
import { problem } from './problem.ts';

export class AnswerDeadline {
  readonly #answerMsMax: number;
  /** When each unanswered request came, oldest first. */
  readonly #since = new Map<FastifyReply, number>();
  readonly #sweep: NodeJS.Timeout;

  constructor({ answerMsMax, answerSweepMs }: Pick<HttpLimits, 'answerMsMax' | 'answerSweepMs'>) {
    this.#answerMsMax = answerMsMax;
    this.#sweep = setInterval(() => this.#answerLate(), answerSweepMs);
    // A server that no longer listens must not keep its process alive.
    this.#sweep.unref();
  }

  /** Watches a request until its response is finished or its client gone. */
  watch(reply: FastifyReply): void {
    this.#since.set(reply, performance.now());
    reply.raw.once('close', () => this.#since.delete(reply));
  }

  /** What is not answered yet, oldest first. */
  *unanswered(): Iterable<FastifyReply> {
    for (const reply of this.#since.keys()) if (!reply.sent) yield reply;
  }

  stop(): void {
    clearInterval(this.#sweep);
  }

  #answerLate(): void {
    const before = performance.now() - this.#answerMsMax;
    for (const [reply, since] of this.#since) {
      if (since > before) return;
      this.#since.delete(reply);
      // A stream has begun its answer, and has bounds of its own.
      if (reply.sent || reply.request.hasOwnBounds) continue;
      sendProblem(reply, problem('answer_timeout', `there was no answer within ${this.#answerMsMax} ms`));
    }
  }
}
