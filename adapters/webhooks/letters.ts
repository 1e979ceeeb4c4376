/**
 * The letters that there are, as their journal tells: a fold of it, kept in memory and bounded. What it
 * answers is durable; it changes only by what was appended.
 */
import { createHash } from 'node:crypto';
import { Fault } from '../../domain/errors.ts';
import type { Journal, JournalEntry } from '../../domain/ports.ts';
import type { EpochMs, TicketId } from '../../domain/ticket/values.ts';
import type { DeliveryEvent, Letter, LetterProblem } from './delivery-events.ts';
import type { WebhookLimits } from './limits.ts';

/** A letter that waits for somebody to replay or drop it, or for its ticket to be opened. */
export interface OpenLetter extends Letter {
  readonly keptAt: EpochMs;
  /** How often it was replayed in vain. */
  readonly replays: number;
}

type LetterBounds = Pick<
  WebhookLimits,
  'lettersMax' | 'letterBytesMax' | 'letterBytesInAllMax' | 'rememberedMsMax' | 'rememberedMax'
>;

/** The same delivery has the same letter, whenever it comes. */
export function letterId(source: string, deliveryId: string): string {
  return `${source}.${createHash('sha256').update(deliveryId).digest('hex').slice(0, 16)}`;
}

export class Letters {
  readonly #journal: Journal<DeliveryEvent>;
  readonly #bounds: LetterBounds;
  readonly #open = new Map<string, OpenLetter>();
  readonly #bytesOf = new Map<string, number>();
  readonly #ofTicket = new Map<TicketId, Set<string>>();
  /** When letters were done with, oldest first. */
  readonly #closed = new Map<string, EpochMs>();
  /** By ticket and slot: up to when it is known, and when that was written down. Oldest first. */
  readonly #confirmed = new Map<string, { readonly at: EpochMs; readonly recordedAt: EpochMs }>();
  #bytes = 0;
  /** Letters that are being written at present, so that the bounds hold for them too. */
  #writing = 0;
  #writingBytes = 0;

  private constructor(journal: Journal<DeliveryEvent>, bounds: LetterBounds) {
    this.#journal = journal;
    this.#bounds = bounds;
  }

  static async open(journal: Journal<DeliveryEvent>, bounds: LetterBounds): Promise<Letters> {
    const letters = new Letters(journal, bounds);
    for (const entry of await journal.read()) letters.#apply(entry);
    return letters;
  }

  get(id: string): OpenLetter | undefined {
    return this.#open.get(id);
  }

  /** Oldest first. */
  all(): readonly OpenLetter[] {
    return [...this.#open.values()];
  }

  /** Those about a ticket, in the order in which what they tell happened. */
  ofTicket(ticketId: TicketId): readonly OpenLetter[] {
    const ids = this.#ofTicket.get(ticketId) ?? [];
    const letters = [...ids].flatMap((id) => this.#open.get(id) ?? []);
    return letters.sort((left, right) => left.at - right.at);
  }

  /** Whether there was such a letter and it was done with. */
  isClosed(id: string): boolean {
    return this.#closed.has(id);
  }

  /** Up to when a slot of a ticket is known by deliveries that changed nothing. */
  confirmed(ticketId: TicketId, slot: string): EpochMs | undefined {
    return this.#confirmed.get(slotKey(ticketId, slot))?.at;
  }

  /** Throws `Fault('overloaded')` where there is no room: the source is to send it again. */
  async keep(letter: Letter): Promise<void> {
    const bytes = Buffer.byteLength(JSON.stringify(letter));
    const { lettersMax, letterBytesMax, letterBytesInAllMax } = this.#bounds;
    if (bytes > letterBytesMax) {
      throw new Fault('overloaded', `a letter may have ${letterBytesMax} bytes, this one has ${bytes}`);
    }
    const full =
      this.#open.size + this.#writing >= lettersMax ||
      this.#bytes + this.#writingBytes + bytes > letterBytesInAllMax;
    if (full) {
      const message = `${this.#open.size} dead letters are kept already: replay or drop some`;
      throw new Fault('overloaded', message);
    }
    this.#writing += 1;
    this.#writingBytes += bytes;
    try {
      await this.#append({ type: 'LetterKept', letter });
    } finally {
      this.#writing -= 1;
      this.#writingBytes -= bytes;
    }
  }

  /** `problem` is why it was refused again; without one it is done. */
  async replayed(id: string, by: string, problem: LetterProblem | undefined): Promise<void> {
    const outcome = problem === undefined ? 'done' : 'refused';
    await this.#append({ type: 'LetterReplayed', id, by: { id: by }, outcome, problem });
  }

  async drop(id: string, by: string, reason: string): Promise<void> {
    await this.#append({ type: 'LetterDropped', id, by: { id: by }, reason });
  }

  async confirm(ticketId: TicketId, slot: string, at: EpochMs): Promise<void> {
    await this.#append({ type: 'SlotConfirmed', ticketId, slot, at });
  }

  async #append(event: DeliveryEvent): Promise<void> {
    for (const entry of await this.#journal.append([event])) this.#apply(entry);
  }

  #apply({ event, recordedAt }: JournalEntry<DeliveryEvent>): void {
    switch (event.type) {
      case 'LetterKept':
        this.#add(event.letter, recordedAt);
        break;
      case 'LetterReplayed':
        if (event.outcome === 'done') this.#close(event.id, recordedAt);
        else this.#refusedAgain(event.id, event.problem);
        break;
      case 'LetterDropped':
        this.#close(event.id, recordedAt);
        break;
      case 'SlotConfirmed':
        this.#confirm(slotKey(event.ticketId, event.slot), event.at, recordedAt);
        break;
      default:
        event satisfies never;
    }
  }

  #refusedAgain(id: string, problem: LetterProblem | undefined): void {
    const letter = this.#open.get(id);
    if (letter === undefined) return;
    this.#open.set(id, { ...letter, problem: problem ?? letter.problem, replays: letter.replays + 1 });
  }

  #confirm(key: string, at: EpochMs, recordedAt: EpochMs): void {
    const before = this.#confirmed.get(key)?.at ?? at;
    this.#confirmed.delete(key);
    this.#confirmed.set(key, { at: Math.max(before, at), recordedAt });
    forgetOld(this.#confirmed, (each) => each.recordedAt, recordedAt, this.#bounds);
  }

  #add(letter: Letter, keptAt: EpochMs): void {
    const bytes = Buffer.byteLength(JSON.stringify(letter));
    this.#open.set(letter.id, { ...letter, keptAt, replays: 0 });
    this.#bytesOf.set(letter.id, bytes);
    this.#bytes += bytes;
    if (letter.ticketId === undefined) return;
    const ids = this.#ofTicket.get(letter.ticketId) ?? new Set();
    ids.add(letter.id);
    this.#ofTicket.set(letter.ticketId, ids);
  }

  #close(id: string, at: EpochMs): void {
    const letter = this.#open.get(id);
    if (letter === undefined) return;
    this.#open.delete(id);
    this.#bytes -= this.#bytesOf.get(id) ?? 0;
    this.#bytesOf.delete(id);
    this.#closed.set(id, at);
    forgetOld(this.#closed, (each) => each, at, this.#bounds);
    const { ticketId } = letter;
    const ids = ticketId === undefined ? undefined : this.#ofTicket.get(ticketId);
    ids?.delete(id);
    if (ticketId !== undefined && ids?.size === 0) this.#ofTicket.delete(ticketId);
  }
}

function slotKey(ticketId: TicketId, slot: string): string {
  return `${ticketId} ${slot}`;
}

function forgetOld<V>(
  remembered: Map<string, V>,
  since: (value: V) => EpochMs,
  now: EpochMs,
  { rememberedMsMax, rememberedMax }: Pick<LetterBounds, 'rememberedMsMax' | 'rememberedMax'>,
): void {
  for (const [key, value] of remembered) {
    if (remembered.size <= rememberedMax && since(value) >= now - rememberedMsMax) return;
    remembered.delete(key);
  }
}
