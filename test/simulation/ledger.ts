/**
 * What was asked of a log, in the order of the positions it must get: the truth that a recovered log is
 * compared with. It works the outcomes out by itself, from the port's contract, and must never ask the log.
 */
import type { AppendOutcome, TicketAppend, Write } from '../../domain/ports.ts';
import type { NewEvent, RecordedEvent, TicketEvent } from '../../domain/ticket/events.ts';
import { newEvent } from '../support/events.ts';

/** One write of a history, in small numbers, so that a history prints as one line. */
export interface WriteSpec {
  readonly ticket: number;
  readonly events: number;
  /** Of text in each event; 0 for events without any data. */
  readonly bodyBytes: number;
  /** A second ticket in the same atomic write. */
  readonly also?: number;
  /** Sent with an expected revision that is wrong. */
  readonly conflicts?: boolean;
  /** Sent under a command id. */
  readonly command?: boolean;
}

export interface IssuedCall {
  readonly writes: readonly Write[];
  readonly outcomes: readonly AppendOutcome[];
  /** Position of the last event that is acknowledged with this call. */
  readonly lastPosition: number;
}

/** What a recovered log may be compared with: everything that was issued, and where writes end. */
export interface Truth {
  readonly sequence: readonly RecordedEvent[];
  /** Positions at which a write ends, 0 among them: recovery must stop at one of these. */
  readonly boundaries: ReadonlySet<number>;
}

const fillers = 'the quick brown fox jumps over a lazy dog; ';

export class Ledger implements Truth {
  readonly sequence: RecordedEvent[] = [];
  readonly boundaries = new Set([0]);
  /** Position up to which everything was acknowledged. */
  acknowledged = 0;
  #serial = 0;
  #recordedAt = 0;
  #failed = false;

  /** Works out what a call to `append` at this time must lead to. */
  issue(specs: readonly WriteSpec[], now: number): IssuedCall {
    this.#recordedAt = Math.max(this.#recordedAt, now);
    const lost = new Set<string>();
    const writes: Write[] = [];
    const outcomes: AppendOutcome[] = [];
    for (const spec of specs) {
      const write = this.#write(spec);
      writes.push(write);
      outcomes.push(this.#outcome(write, lost));
    }
    return { writes, outcomes, lastPosition: this.sequence.length };
  }

  /** False where this comes after an append that failed: then nothing may be acknowledged any more. */
  acknowledge(position: number): boolean {
    this.acknowledged = Math.max(this.acknowledged, position);
    return !this.#failed;
  }

  /** An append was refused because the log has stopped. */
  fail(): void {
    this.#failed = true;
  }

  /** The log was opened again and holds this much: no less may ever be there again. */
  settle(recovered: number): void {
    this.#failed = false;
    this.sequence.length = recovered;
    for (const boundary of [...this.boundaries]) if (boundary > recovered) this.boundaries.delete(boundary);
    this.acknowledged = recovered;
    this.#recordedAt = this.sequence.at(-1)?.recordedAt ?? 0;
  }

  revisionOf(ticketId: string): number {
    return this.sequence.findLast((event) => event.ticketId === ticketId)?.revision ?? 0;
  }

  #write(spec: WriteSpec): Write {
    const part = this.#part(`T-${spec.ticket}`, spec);
    const expectedRevision = part.expectedRevision + (spec.conflicts === true ? 1 : 0);
    if (spec.also === undefined) return { ...part, expectedRevision };
    return { ...part, expectedRevision, also: [this.#part(`T-${spec.also}`, spec)] };
  }

  #part(ticketId: string, { events: count, bodyBytes, command }: WriteSpec): TicketAppend {
    this.#serial += 1;
    const commandId = `c-${this.#serial}`;
    const events = Array.from({ length: count }, (_, index): NewEvent => {
      const envelope =
        command !== true ? {} : index > 0 ? { commandId } : { commandId, commandDigest: `d${this.#serial}` };
      return newEvent(eventOf(this.#serial, index, bodyBytes), envelope);
    });
    return { ticketId, expectedRevision: this.revisionOf(ticketId), events };
  }

  #outcome(write: Write, lost: Set<string>): AppendOutcome {
    const parts = [write, ...(write.also ?? [])];
    for (const { ticketId, expectedRevision } of parts) {
      const actualRevision = this.revisionOf(ticketId);
      if (actualRevision === expectedRevision && !lost.has(ticketId)) continue;
      for (const part of parts) lost.add(part.ticketId);
      return { status: 'conflict', ticketId, actualRevision };
    }
    const position = this.sequence.length + 1;
    const recordedAt = this.#recordedAt;
    for (const { ticketId, events } of parts) {
      for (const event of events) {
        const revision = this.revisionOf(ticketId) + 1;
        const recorded = { ticketId, revision, partition: 0, position: this.sequence.length + 1, recordedAt };
        this.sequence.push({ ...event, ...recorded });
      }
    }
    this.boundaries.add(this.sequence.length);
    return { status: 'appended', position, recordedAt };
  }
}

/** Its number is in its text, so that no event can be taken for another one. */
function eventOf(serial: number, index: number, bodyBytes: number): TicketEvent {
  if (bodyBytes === 0) return { type: 'WorkStarted', data: {} };
  const text = `${serial}.${index} ${fillers.repeat(Math.ceil(bodyBytes / fillers.length))}`;
  return { type: 'CommentAdded', data: { body: text.slice(0, bodyBytes), public: true } };
}
