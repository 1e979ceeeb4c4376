/**
 * The tickets that one worker asks about. Only this worker moves them on, so that what is legal next is known
 * without asking. Tickets that the run opens join those that were there before.
 * It must stay bounded: a run that opens millions goes on with the newest of them.
 */
import { Fifo } from './fifo.ts';

/**
 * The commands that move a ticket on in the workflow `support`, each legal after those before it, for staff
 * and for a key of the system alike. After the last of them the ticket is left alone.
 */
const steps = ['AssignTicket', 'EscalateTicket', 'AssignTicket', 'ResolveTicket'] as const;
export type StepType = (typeof steps)[number];

export interface KnownTicket {
  readonly id: string;
  /** How many steps it has been moved on. */
  moves: number;
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
    const ticket: KnownTicket = { id, moves: 0 };
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

  /** One that nobody else moves on until it is given back with `moved` or `unmoved`; some never are. */
  takeIdle(): KnownTicket | undefined {
    return this.#idle.shift();
  }

  moved(ticket: KnownTicket): void {
    ticket.moves += 1;
    if (ticket.moves < steps.length) this.#release(ticket);
  }

  /** It was not let in: the same step is next. */
  unmoved(ticket: KnownTicket): void {
    this.#release(ticket);
  }

  #release(ticket: KnownTicket): void {
    if (this.#idle.length < rememberedMax) this.#idle.push(ticket);
  }
}

/** The command that moves it on. */
export function nextStepOf({ moves }: KnownTicket): StepType {
  const step = steps[moves];
  if (step === undefined) throw new Error('bug: a ticket that was moved on to its end');
  return step;
}
