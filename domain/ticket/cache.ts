/**
 * A memory of ticket states, bounded between rounds of the engine. When it is full, tickets leave that were
 * not used since the last look at them ("second chance"): nearly the order of use, without keeping a list in
 * order on the hot path.
 *
 * It must never let a ticket go that a round under way looked up: it would be decided on as if it did not
 * exist, or read from a log that does not have its last events yet.
 *
 * A hundred thousand tickets do not fit into a processor's nearest caches, so what a look-up costs is waiting
 * for memory. `findAll` therefore looks many tickets up in passes, each so short that the processor waits for
 * several of them at once: three times as fast, measured, as one look-up after the other in a `Map`.
 */
import type { TicketPlace } from '../ports.ts';
import type { WorkflowState } from '../workflow/table.ts';
import type { TicketState } from './state.ts';
import type { Actor, EpochMs, Fields, TicketId } from './values.ts';

/**
 * A ticket in the cache. Whoever has it can read and change it without another look-up, and it is where the
 * log notes its own place of the ticket. What nearly every command touches stands first and so lies together.
 */
export class LiveTicket implements TicketState, TicketPlace {
  readonly ticketId: TicketId;
  used = true;
  /** The round of the engine that used it last. */
  round: number;
  /** False once the ticket has left the cache; it must then not be used any more. */
  held = true;
  placeEpoch = 0;
  placeRow = 0;
  revision: number;
  /**
   * The last revision that is known to be durable, and the position of its event; 0 where that is not known.
   * A state of that very revision may be shown to readers.
   */
  durableRevision = 0;
  durablePosition = 0;
  /** The ticket's configuration; undefined where it must be looked up. */
  at: WorkflowState | undefined = undefined;
  state: string;
  workflow: string;
  hold: TicketState['hold'];
  links: TicketState['links'];
  assignee: string | undefined;
  group: string | undefined;
  offer: TicketState['offer'];
  resolvedAt: EpochMs | undefined;
  resolutionCode: string | undefined;
  fields: Fields;
  mergedInto: TicketId | undefined;
  replied: true | undefined;
  clocks: TicketState['clocks'];
  readonly openedAt: EpochMs;
  readonly openedBy: Actor;
  readonly requester: string | undefined;

  constructor(ticket: TicketState, round: number) {
    this.round = round;
    this.ticketId = ticket.ticketId;
    this.revision = ticket.revision;
    this.state = ticket.state;
    this.workflow = ticket.workflow;
    this.hold = ticket.hold;
    this.links = ticket.links;
    this.assignee = ticket.assignee;
    this.group = ticket.group;
    this.offer = ticket.offer;
    this.resolvedAt = ticket.resolvedAt;
    this.resolutionCode = ticket.resolutionCode;
    this.fields = ticket.fields;
    this.mergedInto = ticket.mergedInto;
    this.replied = ticket.replied;
    this.clocks = ticket.clocks;
    this.openedAt = ticket.openedAt;
    this.openedBy = ticket.openedBy;
    this.requester = ticket.requester;
  }
}

const tableSizeMin = 1_024;
/** A fuller table is doubled. */
const fullness = 0.5;

export class TicketCache {
  readonly #ticketsMax: number;
  readonly #roundsKept: number;
  readonly #seed: number;
  #round = 0;
  /** By number; empty where a ticket has left. */
  readonly #slots: (LiveTicket | undefined)[] = [];
  readonly #free: number[] = [];
  /** Open addressing: hash of a ticket id, and its slot's number plus one; 0 for none. */
  #table = new Int32Array(2 * tableSizeMin);
  #size = 0;
  /** What `findAll` read ahead, added up, so that the reading is not optimised away. */
  readAhead = 0;
  /** Number of the slot at which the next look for a ticket to leave begins. */
  #hand = 0;

  /**
   * Tickets of the last `roundsKept` rounds stay, whatever the bound. A `seed` that callers can not know
   * keeps them from choosing ids that collide.
   */
  constructor(ticketsMax: number, roundsKept = 1, seed = 0) {
    this.#ticketsMax = Math.max(1, ticketsMax);
    this.#roundsKept = roundsKept;
    this.#seed = seed | 0;
  }

  get size(): number {
    return this.#size;
  }

  find(ticketId: TicketId): LiveTicket | undefined {
    const slot = this.#slots[this.#number(ticketId, hashOf(ticketId, this.#seed))];
    if (slot !== undefined) {
      slot.used = true;
      slot.round = this.#round;
    }
    return slot;
  }

  /** As `find`, for many: the slot of each ticket id, in their order. */
  findAll(ticketIds: readonly TicketId[]): readonly (LiveTicket | undefined)[] {
    const table = this.#table;
    const mask = table.length / 2 - 1;
    const hashes = new Int32Array(ticketIds.length);
    for (let index = 0; index < hashes.length; index += 1) {
      hashes[index] = hashOf(ticketIds[index] ?? '', this.#seed);
    }
    // In place: from here on the number of the slot, or -1.
    const numbers = hashes;
    for (let index = 0; index < numbers.length; index += 1) {
      const hash = hashes[index] ?? 0;
      let at = hash & mask;
      while (table[2 * at + 1] !== 0 && table[2 * at] !== hash) at = (at + 1) & mask;
      numbers[index] = (table[2 * at + 1] ?? 0) - 1;
    }
    // The first ticket with the hash is nearly always the right one; that is checked in the last pass.
    const likely = new Array<LiveTicket | undefined>(numbers.length);
    for (let index = 0; index < numbers.length; index += 1) likely[index] = this.#slots[numbers[index] ?? -1];
    // A ticket lies in several lines of memory; these two fields fetch those that commands need.
    let ahead = 0;
    for (let index = 0; index < likely.length; index += 1) {
      const ticket = likely[index];
      if (ticket === undefined) continue;
      ticket.used = true;
      ticket.round = this.#round;
      ahead += ticket.revision;
      if (ticket.resolutionCode !== undefined) ahead += 1;
    }
    this.readAhead = ahead;
    for (let index = 0; index < likely.length; index += 1) {
      const ticketId = ticketIds[index] ?? '';
      if (likely[index]?.ticketId !== ticketId) likely[index] = this.find(ticketId);
    }
    return likely;
  }

  /** Takes a ticket that is not there. Lets none go: what a round looked up must stay until its end. */
  add(state: TicketState): LiveTicket {
    if (this.#size + 1 > (this.#table.length / 2) * fullness) this.#grow();
    const ticket = new LiveTicket(state, this.#round);
    const number = this.#free.pop() ?? this.#slots.length;
    this.#slots[number] = ticket;
    this.#place(hashOf(ticket.ticketId, this.#seed), number);
    this.#size += 1;
    return ticket;
  }

  /** Counts the rounds, and lets tickets go until there are no more than there may be. */
  beginRound(): void {
    this.#round += 1;
    for (let looks = 2 * this.#slots.length; this.#size > this.#ticketsMax && looks > 0; looks -= 1) {
      if (this.#hand >= this.#slots.length) this.#hand = 0;
      const ticket = this.#slots[this.#hand];
      this.#hand += 1;
      if (ticket === undefined || ticket.round + this.#roundsKept >= this.#round) continue;
      // Who is done for good is seldom asked for again, and gets no second chance.
      if (ticket.used && ticket.at?.final !== true) ticket.used = false;
      else this.delete(ticket.ticketId);
    }
  }

  delete(ticketId: TicketId): void {
    const hash = hashOf(ticketId, this.#seed);
    const number = this.#number(ticketId, hash);
    const slot = this.#slots[number];
    if (slot === undefined) return;
    slot.held = false;
    this.#slots[number] = undefined;
    this.#free.push(number);
    this.#remove(hash, number);
    this.#size -= 1;
  }

  clear(): void {
    for (const slot of this.#slots) if (slot !== undefined) slot.held = false;
    this.#slots.length = 0;
    this.#free.length = 0;
    this.#table = new Int32Array(2 * tableSizeMin);
    this.#size = 0;
    this.#hand = 0;
  }

  /**
   * The tickets in memory, each as it is when it is taken. The cache may change meanwhile: one that stays
   * comes once, and no more come than there was room for at the beginning.
   */
  *states(): Generator<TicketState> {
    const { length } = this.#slots;
    for (let number = 0; number < length; number += 1) {
      const ticket = this.#slots[number];
      if (ticket !== undefined) yield stateOf(ticket);
    }
  }

  /** The number of a ticket's slot; -1 where it has none. */
  #number(ticketId: TicketId, hash: number): number {
    const table = this.#table;
    const mask = table.length / 2 - 1;
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const number = (table[2 * at + 1] ?? 0) - 1;
      if (number < 0) return -1;
      if (table[2 * at] === hash && this.#slots[number]?.ticketId === ticketId) return number;
    }
  }

  #place(hash: number, number: number): void {
    const table = this.#table;
    const mask = table.length / 2 - 1;
    let at = hash & mask;
    while (table[2 * at + 1] !== 0) at = (at + 1) & mask;
    table[2 * at] = hash;
    table[2 * at + 1] = number + 1;
  }

  /** Takes an entry out and moves up those behind it that would not be found any more. */
  #remove(hash: number, number: number): void {
    const table = this.#table;
    const mask = table.length / 2 - 1;
    let hole = hash & mask;
    while (table[2 * hole + 1] !== number + 1) hole = (hole + 1) & mask;
    for (let at = (hole + 1) & mask; table[2 * at + 1] !== 0; at = (at + 1) & mask) {
      const home = (table[2 * at] ?? 0) & mask;
      if (((at - home) & mask) < ((at - hole) & mask)) continue;
      table[2 * hole] = table[2 * at] ?? 0;
      table[2 * hole + 1] = table[2 * at + 1] ?? 0;
      hole = at;
    }
    table[2 * hole] = 0;
    table[2 * hole + 1] = 0;
  }

  #grow(): void {
    const old = this.#table;
    this.#table = new Int32Array(old.length * 2);
    for (let at = 0; at < old.length; at += 2) {
      const number = (old[at + 1] ?? 0) - 1;
      if (number >= 0) this.#place(old[at] ?? 0, number);
    }
  }
}

/** The state alone, apart from the ticket that goes on changing. */
export function stateOf(ticket: LiveTicket): TicketState {
  return {
    ticketId: ticket.ticketId,
    workflow: ticket.workflow,
    revision: ticket.revision,
    state: ticket.state,
    openedAt: ticket.openedAt,
    openedBy: ticket.openedBy,
    requester: ticket.requester,
    assignee: ticket.assignee,
    group: ticket.group,
    offer: ticket.offer,
    hold: ticket.hold,
    resolvedAt: ticket.resolvedAt,
    resolutionCode: ticket.resolutionCode,
    mergedInto: ticket.mergedInto,
    links: ticket.links,
    fields: ticket.fields,
    replied: ticket.replied,
    clocks: ticket.clocks,
  };
}

/** 32 bits, mixed so that the low ones can choose the place. */
function hashOf(ticketId: TicketId, seed: number): number {
  let hash = seed ^ ticketId.length;
  for (let index = 0; index < ticketId.length; index += 1) {
    hash = Math.imul(hash ^ ticketId.charCodeAt(index), 0x9e3779b1);
    hash = (hash << 13) | (hash >>> 19);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return hash ^ (hash >>> 13);
}
