/** The commands that benchmarks send, and nothing about how they are sent. */
import { deskCommands } from '../../adapters/simulation/desk-commands.ts';
import { Random } from '../../adapters/simulation/random.ts';
import type { Command } from '../../domain/ticket/commands.ts';

export const liveTicketsCount = 100_000;
export const commandsPerCall = 1_000;

const actor = { id: 'svc-desk', role: 'integration' as const };
/** Near to when it is recorded, as a live desk's: one transition a millisecond. */
const businessTimeFirstMs = Date.now();
/** A prime, so that steps of this size visit every ticket before any comes again. */
const stride = 7_919;

/** Made once: a caller knows its tickets. */
const ticketIds = Array.from(
  { length: liveTicketsCount },
  (_, index) => `INC${String(index).padStart(7, '0')}`,
);
const ticketId = (index: number): string | undefined => ticketIds[index];

/** Opens the tickets that `liveTicketCommands` acts on. */
export function* openingCommands(): Generator<Command> {
  for (let index = 0; index < liveTicketsCount; index += 1) {
    const occurredAt = businessTimeFirstMs + index;
    yield {
      type: 'OpenTicket',
      ticketId: ticketId(index),
      workflow: 'incident',
      actor,
      occurredAt,
      data: {},
    };
  }
}

/** The data of each comment is this long as JSON, which is how it is stored. */
export const commentDataBytes = 100;
/** Different texts, so that none is the same string each time. */
const commentsCount = 1_024;
const comments = Array.from({ length: commentsCount }, (_, index) => {
  const bytes = commentDataBytes - JSON.stringify({ body: '', public: true }).length;
  return `Looked into it (${index}), and it still does not print. `.repeat(2).slice(0, bytes);
});
/** Legal in turn for ever, once the first has been taken. */
const steps = ['StartWork', 'ResolveTicket', 'ReopenTicket'] as const;

export interface LiveTicketsOptions {
  /** All tickets in turn, or picked with a fixed seed. */
  readonly order: 'each' | 'random';
  /** Nothing at all: work starts, is resolved, reopened, resolved and so on. Or a comment each time. */
  readonly payload: 'none' | 'comment';
}

/**
 * Endless legal commands on the open incidents, with real envelopes and a command id on one in ten. They are
 * made a call at a time, in a plain loop: they are made inside the clock, where generators would count too.
 */
export class LiveTickets {
  readonly #options: LiveTicketsOptions;
  readonly #stepOf = new Uint8Array(liveTicketsCount);
  readonly #random = new Random(1);
  #sent = 0;

  constructor(options: LiveTicketsOptions) {
    this.#options = options;
  }

  /** The next commands, as calls of `commandsPerCall`. */
  *calls(commands: number): Generator<readonly Command[]> {
    for (let left = commands; left > 0; left -= commandsPerCall) {
      yield this.next(Math.min(left, commandsPerCall));
    }
  }

  next(commands: number): readonly Command[] {
    const { order, payload } = this.#options;
    const call: Command[] = [];
    for (let made = 0; made < commands; made += 1) {
      const sent = this.#sent;
      this.#sent += 1;
      const index =
        order === 'each' ? (sent * stride) % liveTicketsCount : this.#random.below(liveTicketsCount);
      call.push(payload === 'none' ? this.#step(index, sent) : comment(index, sent));
    }
    return call;
  }

  #step(index: number, sent: number): Command {
    const step = this.#stepOf[index] ?? 0;
    this.#stepOf[index] = step === 2 ? 1 : step + 1;
    return {
      type: steps[step] ?? steps[0],
      ticketId: ticketId(index),
      actor,
      occurredAt: occurredAt(sent),
      commandId: commandId(sent),
      data: {},
    };
  }
}

function comment(index: number, sent: number): Command {
  return {
    type: 'AddComment',
    ticketId: ticketId(index),
    actor,
    occurredAt: occurredAt(sent),
    commandId: commandId(sent),
    data: { body: comments[sent % commentsCount] ?? '', public: true },
  };
}

const occurredAt = (sent: number): number => businessTimeFirstMs + liveTicketsCount + sent;
const commandId = (sent: number): string | undefined => (sent % 10 === 0 ? `bench-${sent}` : undefined);

/** The same without payload, one at a time, for those who do not mind what a generator costs. */
export function* liveTicketCommands(order: LiveTicketsOptions['order']): Generator<Command> {
  const tickets = new LiveTickets({ order, payload: 'none' });
  for (;;) yield* tickets.next(commandsPerCall);
}

/** The simulated desk, endless: full payloads, 1 % illegal on purpose, 2 % sent twice. */
export function deskWorkload(): Generator<Command> {
  return deskCommands({ seed: 1, ticketsPerWeek: 50_000, agentsCount: 600 });
}

/** Up to `total` commands of a workload that goes on; what is left of it stays for the next call. */
export function* take(commands: Iterator<Command>, total: number): Generator<Command> {
  for (let taken = 0; taken < total; taken += 1) {
    const next = commands.next();
    if (next.done === true) return;
    yield next.value;
  }
}
