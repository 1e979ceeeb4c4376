/**
 * The commands with an id that are on their way to their answer, by id.
 *
 * Two maps take turns, and each is dropped once it is empty: a `Map` that entries always come to and go from
 * copies itself now and then, and the old copies, once the garbage collector has moved them to the old
 * generation, keep everything alive that they and the copies after them held, until the next full collection.
 */
import type { Entry } from './entry.ts';

/** As many commands go into one map before the other takes its turn. */
const turnCommands = 512;

export class UnansweredCommands {
  #filling = new Map<string, Entry>();
  #draining = new Map<string, Entry>();
  /** Commands that the filling map has taken, those that left it again included. */
  #taken = 0;

  find(commandId: string): Entry | undefined {
    return this.#filling.get(commandId) ?? this.#draining.get(commandId);
  }

  add(commandId: string, entry: Entry): void {
    if (this.#draining.size === 0 && this.#taken >= turnCommands) {
      this.#draining = this.#filling;
      this.#filling = new Map();
      this.#taken = 0;
    }
    this.#filling.set(commandId, entry);
    this.#taken += 1;
  }

  delete(commandId: string): void {
    if (!this.#draining.delete(commandId)) this.#filling.delete(commandId);
  }

  clear(): void {
    this.#filling = new Map();
    this.#draining = new Map();
    this.#taken = 0;
  }
}
