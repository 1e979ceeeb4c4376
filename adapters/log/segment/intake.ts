/**
 * Takes the calls of `append` in their order and stages their writes, as far as there is room and all their
 * tickets are known. A call may be staged in pieces: its writes are independent of each other.
 *
 * It must never stage a later call before an earlier one: a caller may send the next event of a ticket
 * without waiting for the last one's acknowledgement.
 */
import { Fault } from '../../../domain/errors.ts';
import type { AppendOutcome, Clock, TicketAppend, Write } from '../../../domain/ports.ts';
import type { TicketId } from '../../../domain/ticket/values.ts';
import type { Committer } from './committer.ts';
import type { FrameWriter } from './frame-writer.ts';
import type { Segments } from './segments.ts';
import type { Stage } from './staging.ts';

/** Bytes staged and not yet durable; beyond them, appends wait. */
export const pendingBytesMax = 16 * 1024 * 1024;
/** Calls of `append` that wait for room; beyond them, a call is refused. */
export const appendsWaitingMax = 65_536;
/** Tickets of old segments that are looked up at the same time. */
const lookupsAtOnceMax = 32;

interface Call {
  readonly writes: readonly Write[];
  readonly outcomes: AppendOutcome[];
  readonly resolve: (outcomes: readonly AppendOutcome[]) => void;
  readonly reject: (error: unknown) => void;
  looked: Map<TicketId, number> | undefined;
  lost: Set<TicketId> | undefined;
  /** The generation of segment tables that `looked` is true of. */
  generation: number;
}

export class Intake {
  readonly #stage: Stage;
  readonly #writer: FrameWriter;
  readonly #committer: Committer;
  readonly #segments: Segments;
  readonly #clock: Clock;
  #calls: Call[] = [];
  #lookingUp = false;
  #onIdle: (() => void)[] = [];

  constructor(stage: Stage, writer: FrameWriter, committer: Committer, segments: Segments, clock: Clock) {
    this.#stage = stage;
    this.#writer = writer;
    this.#committer = committer;
    this.#segments = segments;
    this.#clock = clock;
  }

  append(writes: readonly Write[]): Promise<readonly AppendOutcome[]> {
    if (this.#committer.failed !== undefined) throw this.#committer.failed;
    if (this.#calls.length >= appendsWaitingMax) {
      throw new Fault('overloaded', `${appendsWaitingMax} appends are waiting for the disk`);
    }
    const { promise, resolve, reject } = Promise.withResolvers<readonly AppendOutcome[]>();
    this.#calls.push({
      writes,
      outcomes: [],
      resolve,
      reject,
      looked: undefined,
      lost: undefined,
      generation: 0,
    });
    this.drain();
    return promise;
  }

  /** Stages what can be staged now. */
  drain(): void {
    while (!this.#lookingUp) {
      const call = this.#calls[0];
      if (call === undefined) break;
      try {
        const stopped = this.#stageCall(call);
        if (stopped === 'for lookups') void this.#lookUp(call);
        if (stopped !== undefined) break;
        this.#calls.shift();
        // Not the call itself: its writes are encoded, and need not outlive this turn.
        const { outcomes, resolve, reject } = call;
        this.#committer.onDurable({ resolve: () => resolve(outcomes), reject });
      } catch (error) {
        this.#calls.shift();
        call.reject(error);
      }
    }
    this.#committer.kick();
    if (this.#calls.length === 0) for (const resolve of this.#onIdle.splice(0)) resolve();
  }

  /** Rejects every call that still waits. */
  fail(fault: Fault): void {
    const calls = this.#calls;
    this.#calls = [];
    for (const call of calls) call.reject(fault);
    for (const resolve of this.#onIdle.splice(0)) resolve();
  }

  /** Resolves when no call waits any more. */
  async idle(): Promise<void> {
    if (this.#calls.length > 0) await new Promise<void>((resolve) => this.#onIdle.push(resolve));
  }

  /** Undefined when the whole call is staged. */
  #stageCall(call: Call): 'for room' | 'for lookups' | undefined {
    const { writes, outcomes } = call;
    this.#writer.advance(this.#clock.now());
    if (call.generation !== this.#segments.generation) call.looked = undefined;
    this.#stage.readAhead(writes);
    for (let at = outcomes.length; at < writes.length; at += 1) {
      if (this.#committer.pendingBytes >= pendingBytesMax) return 'for room';
      const write = writes[at];
      if (write === undefined) continue;
      const outcome = this.#stage.stage(write, call);
      if (outcome === undefined) return 'for lookups';
      outcomes.push(outcome);
      if (outcome.status === 'conflict') lose(call, write);
    }
    return undefined;
  }

  /** Looks up all tickets of the call's writes that memory does not know, then goes on. */
  async #lookUp(call: Call): Promise<void> {
    this.#lookingUp = true;
    const { generation } = this.#segments;
    try {
      const looked = new Map<TicketId, number>();
      const unknown = this.#unknownTickets(call);
      for (let at = 0; at < unknown.length; at += lookupsAtOnceMax) {
        const some = unknown.slice(at, at + lookupsAtOnceMax);
        const revisions = await Promise.all(some.map((id) => this.#segments.findRevision(id)));
        for (const [index, ticketId] of some.entries()) looked.set(ticketId, revisions[index] ?? 0);
      }
      call.looked = looked;
      call.generation = generation;
    } catch (error) {
      if (this.#calls[0] === call) this.#calls.shift();
      call.reject(error);
    }
    this.#lookingUp = false;
    this.drain();
  }

  #unknownTickets(call: Call): TicketId[] {
    const unknown = new Set<TicketId>();
    const check = ({ ticketId }: TicketAppend) => {
      const { lo, hi } = this.#segments.hash.of(ticketId);
      if (this.#segments.revisionInMemory(ticketId, lo, hi) === undefined) unknown.add(ticketId);
    };
    for (const write of call.writes.slice(call.outcomes.length)) {
      check(write);
      for (const part of write.also ?? []) check(part);
    }
    return [...unknown];
  }
}

/** No later write of the call may touch a ticket of a conflicting one. */
function lose(call: Call, write: Write): void {
  call.lost ??= new Set();
  call.lost.add(write.ticketId);
  for (const part of write.also ?? []) call.lost.add(part.ticketId);
}
