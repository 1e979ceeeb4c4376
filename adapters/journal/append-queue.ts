/**
 * Appends on their way into a journal: those that arrive while one write is under way go together into the
 * next one. Each gets its own answer. It must never hold more than its bound, and never reorder.
 */
import type { z } from 'zod';
import { Fault } from '../../domain/errors.ts';
import type { JournalEntry } from '../../domain/ports.ts';

/** What became of one append of a group. */
export type Appended<Event> = readonly JournalEntry<Event>[] | Fault;

export interface AppendQueueOptions<Event> {
  /** What the journal is called in messages. */
  readonly title: string;
  readonly schema: z.ZodType<Event>;
  /** Appends that wait; more are refused with `overloaded`. */
  readonly waitingMax: number;
  /** Writes several appends, of which some may be refused. What it throws is thrown to all of them. */
  write(appends: readonly (readonly Event[])[]): Promise<readonly Appended<Event>[]>;
}

interface Waiting<Event> {
  readonly events: readonly Event[];
  readonly done: PromiseWithResolvers<readonly JournalEntry<Event>[]>;
}

export class AppendQueue<Event> {
  readonly #options: AppendQueueOptions<Event>;
  #waiting: Waiting<Event>[] = [];
  #writing: Promise<void> | undefined;
  #closed = false;

  constructor(options: AppendQueueOptions<Event>) {
    this.#options = options;
  }

  async append(events: readonly Event[]): Promise<readonly JournalEntry<Event>[]> {
    const { title, schema, waitingMax } = this.#options;
    if (this.#closed) throw new Fault('journal_failed', `${title} was closed`);
    if (this.#waiting.length >= waitingMax) {
      throw new Fault('overloaded', `${this.#waiting.length} changes wait for ${title} already`);
    }
    const done = Promise.withResolvers<readonly JournalEntry<Event>[]>();
    this.#waiting.push({ events: events.map((event) => schema.parse(event)), done });
    this.#writing ??= this.#writeAll();
    return done.promise;
  }

  /** Takes nothing more, and resolves when everything that was taken is answered. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#writing;
  }

  async #writeAll(): Promise<void> {
    // A turn later, so that those who append in the same turn share a sync.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const group = this.#waiting;
      this.#waiting = [];
      await this.#writeGroup(group);
    }
    this.#writing = undefined;
  }

  async #writeGroup(group: readonly Waiting<Event>[]): Promise<void> {
    try {
      const answers = await this.#options.write(group.map(({ events }) => events));
      for (const [index, { done }] of group.entries()) {
        const answer = answers[index] ?? new Fault('journal_failed', 'bug: an append got no answer');
        if (answer instanceof Fault) done.reject(answer);
        else done.resolve(answer);
      }
    } catch (error) {
      for (const { done } of group) done.reject(error);
    }
  }
}
