/**
 * The tickets that one worker asks about. Only this worker moves them on, so that what is legal next is known
 * without asking. Tickets that the run opens join those that were there before.
 * It must stay bounded: a run that opens millions goes on with the newest of them.
 */
import { Fifo } from './fifo.ts';

/** The commands that move a ticket on in the workflow `support`, each with what is legal after it. */
const stepAfter = {
  AssignTicket: 'ResolveTicket',
  ResolveTicket: 'ReopenTicket',
  ReopenTicket: 'ResolveTicket',
} as const;
export type StepType = keyof typeof stepAfter;

export interface KnownTicket {
  readonly id: string;
  /** The command that moves it on. */
  step: StepType;
}

/** Tickets that a worker remembers. */
export const rememberedMax = 100_000;

export class TicketPool {
  /** For whatever may meet others at the same ticket; the oldest gives way. */
  readonly #known: KnownTicket[] = [];
  #oldest = 0;
  /** Those that are not being moved on: the one that waited longest is next. */
  readonly #idle = new Fifo<KnownTicket>();

  constructor(ids: readonly string[]) {
    for (const id of ids) this.add(id);
  }

  /** A ticket that is open and assigned to nobody. */
  add(id: string): void {
    const ticket: KnownTicket = { id, step: 'AssignTicket' };
    if (this.#known.length < rememberedMax) this.#known.push(ticket);
    else {
      this.#known[this.#oldest] = ticket;
      this.#oldest = (this.#oldest + 1) % rememberedMax;
    }
    this.#release(ticket);
  }

  /** One of them; `share` from 0 to below 1 says which. Undefined where there is none. */
  any(share: number): KnownTicket | undefined {
    return this.#known[Math.floor(share * this.#known.length)];
  }

  /** One that nobody else moves on until it is given back with `moved` or `unmoved`, or forgotten. */
  takeIdle(): KnownTicket | undefined {
    return this.#idle.shift();
  }

  moved(ticket: KnownTicket): void {
    ticket.step = stepAfter[ticket.step];
    this.#release(ticket);
  }

  /** It was not let in: the same step is next. */
  unmoved(ticket: KnownTicket): void {
    this.#release(ticket);
  }

  #release(ticket: KnownTicket): void {
    if (this.#idle.length < rememberedMax) this.#idle.push(ticket);
  }
}
