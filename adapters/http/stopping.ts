/**
 * How a server stops: it says so, waits until others have looked away, lets everybody finish, and only then
 * cuts what is left. Each of these waits has a bound, and `cut` ends them all.
 *
 * It must never close a connection in the middle of an answer before `drainMsMax` is over.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import type { AnswerDeadline } from './answer-deadline.ts';
import type { Connections } from './connections.ts';
import type { HttpLimits } from './limits.ts';

export interface StoppingParts {
  readonly app: FastifyInstance;
  readonly connections: Connections;
  readonly deadline: AnswerDeadline;
  readonly limits: Pick<HttpLimits, 'drainMsMax' | 'drainSweepMs' | 'farewellMs'>;
  /** For how long the server stays in service after it has said that it stops. */
  readonly unreadyMsMin: number;
}

export class Stopping {
  readonly #leaving = new AbortController();
  readonly #cut = new AbortController();
  #announced = false;

  /** Whether the server was told to stop. */
  get announced(): boolean {
    return this.#announced;
  }

  /** Aborted when endless answers are to end. */
  get leaving(): AbortSignal {
    return this.#leaving.signal;
  }

  announce(): void {
    this.#announced = true;
  }

  /** Ends all waiting. */
  cut(): void {
    this.#cut.abort();
  }

  async close(parts: StoppingParts): Promise<void> {
    const { connections, limits } = parts;
    this.announce();
    await this.#pause(parts.unreadyMsMin);
    this.#leaving.abort();
    tellUnanswered(parts.deadline);
    connections.announceEnd();
    if (!connections.none) await this.#pause(limits.farewellMs);
    const cut = () => connections.cut();
    const sweep = setInterval(() => connections.closeIdle(), limits.drainSweepMs);
    const bound = setTimeout(cut, limits.drainMsMax);
    this.#cut.signal.addEventListener('abort', cut);
    if (this.#cut.signal.aborted) cut();
    try {
      await parts.app.close();
    } finally {
      clearInterval(sweep);
      clearTimeout(bound);
      connections.stop();
    }
  }

  async #pause(ms: number): Promise<void> {
    if (ms === 0) return;
    await wait(ms, undefined, { signal: this.#cut.signal }).catch(() => undefined);
  }
}

/**
 * The answers under way say that their connection ends with them. Of several on one connection only the last
 * does: HTTP/1.1 answers in order, and nothing after that header.
 */
function tellUnanswered(deadline: AnswerDeadline): void {
  const last = new Map<object, { header(name: string, value: string): unknown }>();
  for (const reply of deadline.unanswered()) {
    if (reply.request.raw.httpVersionMajor === 1) last.set(reply.request.raw.socket, reply);
  }
  for (const reply of last.values()) reply.header('connection', 'close');
}
