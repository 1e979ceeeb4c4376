/**
 * Tells followers of the log that it may have grown: by notification, and by the clock where notifications
 * fail to come. It is a hint only: whoever is woken looks for himself, so a notification that is lost,
 * early or made up costs a look, never an event.
 */
import type { Database, Session } from '../../../projections/sql.ts';

export const channel = 'docket_log';
/** How long a follower waits for a notification before it looks for itself. */
export const pollMsHeard = 1_000;
/** The same while there is no connection that notifications could come by. */
export const pollMsDeaf = 100;
const listenAgainMsMin = 100;
const listenAgainMsMax = 5_000;

export class WakeUps {
  readonly #database: Database;
  readonly #waiting = new Set<() => void>();
  #session: Session | undefined;
  #connecting = false;
  #listenAgainMs = listenAgainMsMin;
  #listenAgainAt = 0;
  #heard = 0;
  #closed = false;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Resolves when there may be events beyond a position, and at abort and close. */
  async beyond(position: number, signal: AbortSignal | undefined): Promise<void> {
    if (this.#heard > position || this.#closed || signal?.aborted === true) return;
    this.#listen();
    await new Promise<void>((resolve) => {
      const wake = () => {
        this.#waiting.delete(wake);
        clearTimeout(timer);
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      const timer = setTimeout(wake, this.#session === undefined ? pollMsDeaf : pollMsHeard);
      this.#waiting.add(wake);
      signal?.addEventListener('abort', wake, { once: true });
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#wakeAll();
    await this.#session?.close();
  }

  /** Sees to it that there is a listening connection, or will be, without waiting for it. */
  #listen(): void {
    if (this.#session !== undefined || this.#connecting || performance.now() < this.#listenAgainAt) return;
    this.#connecting = true;
    void this.#connect().finally(() => {
      this.#connecting = false;
    });
  }

  async #connect(): Promise<void> {
    let session: Session | undefined;
    try {
      session = await this.#database.session();
      await session.listen(channel, (payload) => {
        this.#heard = Math.max(this.#heard, Number(payload) || 0);
        this.#wakeAll();
      });
    } catch {
      // Followers go on by the clock; what keeps them from reading is told where they read.
      await session?.close();
      this.#listenAgainAt = performance.now() + this.#listenAgainMs;
      this.#listenAgainMs = Math.min(2 * this.#listenAgainMs, listenAgainMsMax);
      return;
    }
    if (this.#closed) {
      await session.close();
      return;
    }
    this.#session = session;
    this.#listenAgainMs = listenAgainMsMin;
    void session.ended.then(() => {
      this.#session = undefined;
      this.#wakeAll();
    });
    // Something may have been appended before anybody listened.
    this.#wakeAll();
  }

  #wakeAll(): void {
    for (const wake of [...this.#waiting]) wake();
  }
}
