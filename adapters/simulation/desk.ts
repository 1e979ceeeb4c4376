/**
 * What the lives of simulated tickets have in common: the ticket as the simulation sees it, the outbox of
 * commands, the tickets that are alive, and the few commands that are wrong on purpose. It keeps no more than
 * live tickets.
 *
 * It must never use a clock or Math.random: the same seed makes the same commands.
 */
import type { Command, CommandOf, CommandType } from '../../domain/ticket/commands.ts';
import type { Actor, EpochMs, TicketId } from '../../domain/ticket/values.ts';
import { EventQueue } from './event-queue.ts';
import { Random, Weighted } from './random.ts';
import { type Named, type Phase, rates, type Way } from './rates.ts';
import type { Staff } from './staff.ts';

/** Small things that happen to a ticket while it is worked on. */
export type Chore =
  | 'reassign'
  | 'comment'
  | 'escalate'
  | 'prioritise'
  | 'link'
  | 'merge'
  | 'remove'
  | 'offline';

export interface DeskTicket {
  readonly id: TicketId;
  readonly requester: Actor;
  phase: Phase | 'offered' | 'gone';
  group: string;
  agent: Actor;
  escalations: number;
  /** Where it goes next, and when, unless chores come between. */
  goal: Phase;
  goalAt: EpochMs;
  readonly chores: Chore[];
  resolvedAt: EpochMs;
  /** When an offer to the agent ends. */
  offerEndsAt: EpochMs;
  /** The hold's timer, where it ends by itself. */
  timerId: string | undefined;
  /** Its place among the live tickets. */
  place: number;
}

/** A command without its envelope. */
export type Draft = {
  [T in CommandType]: { readonly type: T; readonly data: CommandOf<T>['data'] };
}[CommandType];

export const system: Actor = { id: 'desk-rules', role: 'system' };

const wrongOnPurpose = ':wrong';
const repeatedFromMax = 256;
const hourMs = 3_600_000;
const requestersCount = 5_000;

/** Whether the simulation meant this command to be refused. */
export function isWrongOnPurpose(command: Command): boolean {
  return command.commandId?.endsWith(wrongOnPurpose) === true;
}

export class Desk {
  now: EpochMs;
  readonly random: Random;
  readonly staff: Staff;
  readonly queue = new EventQueue<DeskTicket>();
  readonly live: DeskTicket[] = [];
  /** Commands of the present moment; whoever runs the desk empties it. */
  readonly outbox: Command[] = [];
  opened = 0;
  readonly #idPrefix: string;
  readonly #ticketPrefix: string;
  readonly #recent: Command[] = [];
  #commands = 0;

  constructor(options: { seed: number; from: EpochMs; staff: Staff; ticketPrefix: string }) {
    this.random = new Random(options.seed);
    this.now = options.from;
    this.staff = options.staff;
    this.#idPrefix = `sim:${options.seed}`;
    this.#ticketPrefix = options.ticketPrefix;
  }

  /** A ticket that is about to be opened. */
  newTicket(requester: Actor = this.#someone()): DeskTicket {
    this.opened += 1;
    const { random, staff } = this;
    const group = staff.group(random);
    const ticket: DeskTicket = {
      id: `${this.#ticketPrefix}${this.opened}`,
      requester,
      phase: 'new',
      group,
      agent: staff.agentOf(random, group),
      escalations: 0,
      goal: 'open',
      goalAt: this.now,
      chores: [],
      resolvedAt: this.now,
      offerEndsAt: this.now,
      timerId: undefined,
      place: this.live.length,
    };
    this.live.push(ticket);
    return ticket;
  }

  send(ticket: DeskTicket, actor: Actor, draft: Draft, workflow?: string): void {
    this.outbox.push(this.#commandOf(ticket, actor, draft, workflow));
  }

  wake(ticket: DeskTicket, at: EpochMs): void {
    this.queue.add(Math.max(this.now, Math.round(at)), ticket);
  }

  /** The ticket is final: nothing will be sent to it any more. */
  leave(ticket: DeskTicket): void {
    const last = this.live.pop();
    if (last !== undefined && last !== ticket) {
      this.live[ticket.place] = last;
      last.place = ticket.place;
    }
    ticket.phase = 'gone';
  }

  /** Another live ticket, if there is one. */
  other(ticket: DeskTicket): DeskTicket | undefined {
    if (this.live.length < 2) return undefined;
    const other = this.random.pick(this.live);
    return other === ticket ? undefined : other;
  }

  /** Decides which way the ticket takes out of its phase, and when. */
  plan(ticket: DeskTicket, phase: Phase): void {
    const ways = waysOut.get(phase);
    if (ways === undefined) throw new Error(`bug: no way leads out of ${phase}`);
    const way = ways.pick(this.random);
    ticket.goal = way.to;
    // The log counts in minutes; seconds within them are as good as any.
    const seconds = this.random.below(60);
    ticket.goalAt =
      this.now + Math.round(this.random.fromDeciles(way.hoursDeciles) * hourMs) + seconds * 1_000;
  }

  /** The moment is over: adds what is wrong on purpose and what is sent twice. */
  spoil(ticket: DeskTicket, shares: { readonly wrong: number; readonly repeated: number }): void {
    const { random, outbox } = this;
    for (const sent of [...outbox]) {
      this.#remember(sent);
      if (random.chance(shares.repeated)) outbox.push(random.pick(this.#recent));
      if (random.chance(shares.wrong)) outbox.push(this.#wrong(ticket));
    }
  }

  #someone(): Actor {
    return { id: `requester-${this.random.below(requestersCount) + 1}`, role: 'requester' };
  }

  #wrong(ticket: DeskTicket): Command {
    const command = this.#commandOf(ticket, ticket.agent, wrongDraft(ticket.phase), undefined);
    return { ...command, commandId: `${command.commandId}${wrongOnPurpose}` };
  }

  #remember(command: Command): void {
    if (this.#recent.length < repeatedFromMax) this.#recent.push(command);
    else this.#recent[this.random.below(repeatedFromMax)] = command;
  }

  #commandOf(ticket: DeskTicket, actor: Actor, draft: Draft, workflow: string | undefined): Command {
    this.#commands += 1;
    return {
      ticketId: ticket.id,
      commandId: `${this.#idPrefix}:${this.#commands}`,
      occurredAt: this.now,
      actor,
      source: 'simulation',
      ...(workflow === undefined ? {} : { workflow }),
      ...draft,
    };
  }
}

/** A command that the ticket's state has no transition for. */
function wrongDraft(phase: DeskTicket['phase']): Draft {
  const fresh = phase === 'new' || phase === 'offered' || phase === 'gone';
  return fresh ? { type: 'ReopenTicket', data: {} } : { type: 'StartWork', data: {} };
}

const waysOut: ReadonlyMap<string, Weighted<Way>> = new Map(
  Object.entries(rates.transitions).map(([phase, ways]) => [phase, new Weighted(ways, (way) => way.count)]),
);

/** Picks by the counts of a table of names. */
export function weightedNames<N extends string>(names: readonly Named<N>[]): Weighted<Named<N>> {
  return new Weighted(names, (each) => each.count);
}
