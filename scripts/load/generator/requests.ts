/**
 * Makes the requests of a mix: what a support desk's users would send, different each time, and the same
 * again for the same seed. It also reads what answers acknowledge, because what is legal next depends on it.
 * It must only ask for what is legal: a refusal in a load test is then the server's doing, or a bug.
 */
import type { Action } from '../scenario.ts';
import type { GeneratorPlan } from './generator.ts';
import { type KnownTicket, nextStepOf, type StepType, TicketPool } from './tickets.ts';
import type { Answer, Failure, Outgoing } from './transport.ts';

export interface MadeRequest extends Outgoing {
  /** What it really is: a ticket is opened where the mix asks for something else and there is none for it. */
  readonly action: Action;
  /** The one that nobody else may move on meanwhile. */
  readonly moving: KnownTicket | undefined;
}

export interface Acknowledged {
  readonly events: number;
  readonly ticketOpened: string | undefined;
}

const nothing: Acknowledged = { events: 0, ticketOpened: undefined };

const things = ['printer', 'laptop', 'invoice', 'login', 'keyboard', 'delivery', 'network', 'licence'];
const troubles = ['is broken', 'does not start', 'is late', 'asks for a password', 'is missing', 'is slow'];
const places = ['on floor 3', 'in Berlin', 'at the front desk', 'since Monday', 'after the update', 'again'];
const categories = ['hardware', 'software', 'billing', 'access', 'network'];
const priorities = ['low', 'normal', 'normal', 'normal', 'high', 'urgent'];
const agents = ['ana', 'ben', 'chloe', 'dmitri', 'esra', 'farid', 'grace', 'hugo'];
const comments = [
  'Looked into it.',
  'The part is ordered.',
  'Called back, nobody there.',
  'Works for me now.',
];
/** Different requesters; a desk has many, but far fewer than tickets. */
const requesters = 5_000;

export class RequestMaker {
  readonly #mix: GeneratorPlan['mix'];
  readonly #weights: number;
  readonly #tickets: TicketPool;
  readonly #random: () => number;

  constructor(mix: GeneratorPlan['mix'], seed: number, tickets: readonly string[]) {
    this.#mix = mix;
    this.#weights = mix.reduce((sum, { weight }) => sum + weight, 0);
    this.#tickets = new TicketPool(tickets);
    this.#random = randomFrom(seed);
  }

  next(): MadeRequest {
    const action = this.#pickAction();
    switch (action) {
      case 'list':
        return get(action, '/v1/tickets?limit=50');
      case 'search':
        return get(action, `/v1/tickets?q=${this.#pick(things)}`);
      case 'comment':
      case 'read':
      case 'history': {
        const ticket = this.#tickets.any(this.#random());
        if (ticket === undefined) return this.#open();
        const path = `/v1/tickets/${ticket.id}`;
        if (action !== 'comment') return get(action, action === 'read' ? path : `${path}/events`);
        return this.#command('comment', ticket, 'AddComment', undefined);
      }
      case 'advance': {
        const ticket = this.#tickets.takeIdle();
        return ticket === undefined
          ? this.#open()
          : this.#command('advance', ticket, nextStepOf(ticket), ticket);
      }
      case 'open':
        return this.#open();
      case 'classify':
        throw new Error('bug: a plan with classify was begun');
    }
  }

  /** What came of a request that `next` made; each must be told of once. */
  ended({ action, moving }: MadeRequest, end: Answer | Failure): Acknowledged {
    if (moving !== undefined) this.#putBack(moving, end);
    if (typeof end === 'string' || end.status >= 300) return nothing;
    if (action !== 'open' && action !== 'comment' && action !== 'advance') return nothing;
    const { events = 0, ticketId } = readOutcome(end.body);
    if (action !== 'open' || ticketId === undefined) return { events, ticketOpened: undefined };
    this.#tickets.add(ticketId);
    return { events, ticketOpened: ticketId };
  }

  /** Where it was refused, or nobody knows whether it was carried out, the ticket is left alone for good. */
  #putBack(ticket: KnownTicket, end: Answer | Failure): void {
    if (end === 'not_connected') this.#tickets.unmoved(ticket);
    if (typeof end === 'string') return;
    if (end.status < 300) this.#tickets.moved(ticket);
    else if (end.status === 429 || end.status === 503) this.#tickets.unmoved(ticket);
  }

  #open(): MadeRequest {
    const fields = {
      subject: `The ${this.#pick(things)} ${this.#pick(troubles)} ${this.#pick(places)}`,
      priority: this.#pick(priorities),
      category: this.#pick(categories),
    };
    const requester = `user-${Math.floor(this.#random() * requesters)}`;
    const body = JSON.stringify({ data: { requester, fields } });
    return { action: 'open', method: 'POST', path: '/v1/tickets', body, moving: undefined };
  }

  #command(
    action: Action,
    { id }: KnownTicket,
    type: StepType | 'AddComment',
    moving: KnownTicket | undefined,
  ): MadeRequest {
    const path = `/v1/tickets/${id}/commands`;
    return { action, method: 'POST', path, body: JSON.stringify({ type, data: this.#dataOf(type) }), moving };
  }

  #dataOf(type: StepType | 'AddComment'): object {
    switch (type) {
      case 'AssignTicket':
        return { agent: this.#pick(agents) };
      case 'ResolveTicket':
        return { code: 'solved', notes: this.#pick(comments) };
      case 'EscalateTicket':
        return { reason: 'The customer asked for it.' };
      case 'AddComment':
        return { body: this.#pick(comments), public: this.#random() < 0.5 };
    }
  }

  #pickAction(): Action {
    let left = this.#random() * this.#weights;
    for (const { action, weight } of this.#mix) {
      left -= weight;
      if (left < 0) return action;
    }
    // Rounding may leave a trace of the last weight.
    return this.#mix.at(-1)?.action ?? 'open';
  }

  #pick(from: readonly string[]): string {
    return from[Math.floor(this.#random() * from.length)] ?? '';
  }
}

function get(action: Action, path: string): MadeRequest {
  return { action, method: 'GET', path, body: undefined, moving: undefined };
}

const eventsMember = /"events":(\d+)/;
const ticketMember = /"ticketId":"([^"]+)"/;

/**
 * The two members of an accepted outcome (adapters/http/outcome-text.ts) that are needed. Found, not parsed,
 * because each answer is read on a core that the server may need.
 */
function readOutcome(body: string): { readonly events?: number; readonly ticketId?: string } {
  const events = eventsMember.exec(body)?.[1];
  const ticketId = ticketMember.exec(body)?.[1];
  return {
    ...(events === undefined ? {} : { events: Number(events) }),
    ...(ticketId === undefined ? {} : { ticketId }),
  };
}

/** Mulberry32: small, quick, and the same everywhere; nothing here depends on how random it is. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
