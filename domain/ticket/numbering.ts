/**
 * Automatic ticket numbers such as REQ0000042. Numbers are given in order and are unique because opening a
 * ticket expects that it does not exist yet; nothing but the log is needed to go on after a restart. Gaps are
 * allowed, and appear where callers brought ids of the same form.
 */
import type { EventLog } from '../ports.ts';
import type { TicketId } from './values.ts';

export interface Numbering {
  readonly prefix: string;
  /** At least this many digits, filled up with zeros. */
  readonly digits: number;
}

export const defaultNumbering: Numbering = { prefix: 'REQ', digits: 7 };

/** Beyond this many tickets a log has no more automatic numbers. */
export const ticketNumberMax = Number.MAX_SAFE_INTEGER / 4;

type Knows = Pick<EventLog, 'revisionOf'>;

export class TicketNumbers {
  readonly #numbering: Numbering;
  readonly #log: Knows;
  /** Numbers that were taken but whose tickets were refused. */
  #returned: number[] = [];
  #last: number | undefined;

  constructor(numbering: Numbering, log: Knows) {
    this.#numbering = numbering;
    this.#log = log;
  }

  /** The next number that no ticket in the log has, nor any that is about to be opened. */
  async take(isTaken: (ticketId: TicketId) => boolean): Promise<TicketId> {
    for (let returned = this.#returned.pop(); returned !== undefined; returned = this.#returned.pop()) {
      const ticketId = this.#format(returned);
      if (!isTaken(ticketId) && !(await this.#exists(returned))) return ticketId;
    }
    let candidate = (this.#last ?? (await this.#findLast())) + 1;
    // Callers may have brought ids from here on: strides double, so that even a million are passed quickly.
    for (let stride = 1; isTaken(this.#format(candidate)) || (await this.#exists(candidate)); stride *= 2) {
      candidate += stride;
    }
    this.#last = candidate;
    return this.#format(candidate);
  }

  /** Gives back a number whose ticket was not opened after all. */
  giveBack(ticketId: TicketId): void {
    const digits = ticketId.slice(this.#numbering.prefix.length);
    this.#returned.push(Number(digits));
  }

  /**
   * Numbers are given without gaps, so those in use are found by doubling and halving: some number that
   * exists and is followed by one that does not.
   */
  async #findLast(): Promise<number> {
    let used = 0;
    let free = 1;
    while (free < ticketNumberMax && (await this.#exists(free))) {
      used = free;
      free *= 2;
    }
    while (free - used > 1) {
      const middle = Math.floor((used + free) / 2);
      if (await this.#exists(middle)) used = middle;
      else free = middle;
    }
    return used;
  }

  async #exists(number: number): Promise<boolean> {
    return (await this.#log.revisionOf(this.#format(number))) > 0;
  }

  #format(number: number): TicketId {
    return `${this.#numbering.prefix}${String(number).padStart(this.#numbering.digits, '0')}`;
  }
}
