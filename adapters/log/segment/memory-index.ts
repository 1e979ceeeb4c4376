/**
 * The index of a segment in memory, while it grows: its tickets, its commands, its frames, and for each event
 * the ticket's event before it. Events are numbered from 1 within their segment: number `n` is the one at the
 * segment's first position plus n minus 1.
 *
 * Events must be added in their order, all of them; an index with a gap would answer wrongly.
 */
import { CommandTable } from './command-table.ts';
import { FrameDirectory } from './frame-directory.ts';
import { TicketTable } from './ticket-table.ts';

const eventsMin = 1_024;

/** For each event of a segment the number of its ticket's event before it; 0 for the first of the ticket. */
export class EventChain {
  size = 0;
  #before: Uint32Array;

  constructor(like?: EventChain) {
    this.#before = new Uint32Array(Math.max(eventsMin, like?.size ?? 0));
  }

  /** Adds the segment's next event and returns its number. */
  add(before: number): number {
    if (this.size === this.#before.length) {
      const larger = new Uint32Array(this.#before.length * 2);
      larger.set(this.#before);
      this.#before = larger;
    }
    this.#before[this.size] = before;
    this.size += 1;
    return this.size;
  }

  before(event: number): number {
    return this.#before[event - 1] ?? 0;
  }

  /** A ticket's events up to its last, in order. */
  upTo(lastEvent: number): number[] {
    const events: number[] = [];
    for (let event = lastEvent; event > 0; event = this.before(event)) events.push(event);
    return events.reverse();
  }
}

export class MemoryIndex {
  readonly tickets: TicketTable;
  readonly commands: CommandTable;
  readonly chain: EventChain;
  readonly directory = new FrameDirectory();

  /** With room for what `like`, usually the segment before, has of each. */
  constructor(like?: {
    readonly tickets: TicketTable | undefined;
    readonly commands: CommandTable | undefined;
    readonly chain: EventChain | undefined;
  }) {
    this.tickets = new TicketTable(like?.tickets);
    this.commands = new CommandTable(like?.commands);
    this.chain = new EventChain(like?.chain);
  }
}
