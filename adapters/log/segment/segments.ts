/**
 * The segments of a log and the one place that finds things in them: a ticket's revision and its events, a
 * command's first. The writer and the readers of other processes share it.
 *
 * A hash only ever nominates; the record itself decides. A sidecar that fails a checksum, or names records
 * that are not there, is replaced by an index made from the segment; a segment that fails one is damage, and
 * is never read around.
 */
import type { RecordedEvent } from '../../../domain/ticket/events.ts';
import type { TicketId } from '../../../domain/ticket/values.ts';
import { LogDamage } from './format.ts';
import { type HashSeed, KeyHash } from './hash.ts';
import type { MemoryIndex } from './memory-index.ts';
import type { OpenFiles } from './open-files.ts';
import { isRun, RecordReader } from './record-reader.ts';
import type { Segment } from './segment.ts';
import type { Sidecar, TicketRun } from './sidecar.ts';
import { SidecarUnusable } from './sidecar-pages.ts';
import type { TicketTable } from './ticket-table.ts';

/** Makes a memory index out of a whole segment; the owner may also write it down again. */
export type Reindex = (segment: Segment) => Promise<MemoryIndex>;

export class Segments {
  readonly hash: KeyHash;
  readonly seed: HashSeed;
  /** Counts how often a table left memory, after which what was looked up before may be outdated. */
  generation = 0;
  /** Oldest first. */
  readonly #list: Segment[] = [];
  readonly #reindex: Reindex;
  /** Under way: many may find out at once that a sidecar is unusable. */
  readonly #reindexing = new Map<Segment, Promise<MemoryIndex>>();
  readonly #records: RecordReader;

  constructor(files: OpenFiles, seed: HashSeed, reindex: Reindex) {
    this.#records = new RecordReader(files);
    this.seed = seed;
    this.hash = new KeyHash(seed);
    this.#reindex = reindex;
  }

  add(segment: Segment): void {
    this.#list.push(segment);
  }

  /** Lets the ticket tables of the oldest sealed segments go until the rest fits into `bytesMax`. */
  keepTables(bytesMax: number): void {
    let bytes = 0;
    for (const segment of this.#list.toReversed()) {
      if (segment.sidecar === undefined) continue;
      bytes += segment.tickets?.bytes ?? 0;
      if (bytes <= bytesMax || segment.tickets === undefined) continue;
      segment.tickets = undefined;
      this.generation += 1;
    }
  }

  get all(): readonly Segment[] {
    return this.#list;
  }

  /** The segment that holds a position, or would hold it. */
  holding(position: number): Segment | undefined {
    return this.#list.findLast((segment) => segment.firstPosition <= position);
  }

  byFirst(firstPosition: number): Segment | undefined {
    return this.#list.findLast((segment) => segment.firstPosition === firstPosition);
  }

  /** Looks without I/O: 0 for a ticket that is not there, undefined where only a sidecar can tell. */
  revisionInMemory(ticketId: TicketId, lo: number, hi: number): number | undefined {
    for (let at = this.#list.length - 1; at >= 0; at -= 1) {
      const segment = this.#list[at];
      if (segment === undefined) continue;
      if (segment.tickets === undefined) {
        if (segment.sidecar?.mayHaveTicket(lo, hi) !== false) return undefined;
        continue;
      }
      const row = segment.tickets.find(ticketId, lo, hi);
      if (row >= 0) return segment.tickets.revision(row);
    }
    return 0;
  }

  /** The ticket's last revision, staged ones included; 0 for a ticket that is not there. */
  async findRevision(ticketId: TicketId): Promise<number> {
    const { lo, hi } = this.hash.of(ticketId);
    for (const segment of this.#list.toReversed()) {
      const row = segment.tickets?.find(ticketId, lo, hi) ?? -1;
      if (segment.tickets !== undefined && row >= 0) return segment.tickets.revision(row);
      if (segment.tickets !== undefined) continue;
      const revision = await this.#bySidecar(
        segment,
        (sidecar) => this.#lastRevision(segment, sidecar, ticketId, lo, hi),
        ({ tickets }) => revisionIn(tickets, ticketId, lo, hi),
      );
      if (revision > 0) return revision;
    }
    return 0;
  }

  /**
   * A ticket's events in order. `settled` is awaited between finding and reading them: whatever was found is
   * then durable.
   */
  async readTicket(ticketId: TicketId, settled: () => Promise<void>): Promise<readonly RecordedEvent[]> {
    const { lo, hi } = this.hash.of(ticketId);
    const found = await Promise.all(
      this.#list.map(async (segment) => ({ segment, runs: await this.#runs(segment, ticketId, lo, hi) })),
    );
    await settled();
    const parts = await Promise.all(
      found.map(({ segment, runs }) => (runs.length === 0 ? [] : this.#readRuns(segment, runs, ticketId))),
    );
    const events = parts.flat();
    for (const [at, event] of events.entries()) {
      if (event.revision === at + 1) continue;
      const path = this.holding(event.position)?.path ?? 'the log';
      const what = `revision ${at + 1} of ticket ${ticketId} is missing; the next is ${event.revision}`;
      throw new LogDamage(path, 0, what);
    }
    return events;
  }

  /** Looks without I/O; false for a command id that is surely new, as nearly all are. */
  mayKnowCommand(commandId: string): boolean {
    const { lo, hi } = this.hash.of(commandId);
    for (let at = this.#list.length - 1; at >= 0; at -= 1) {
      const segment = this.#list[at];
      const known = segment?.index?.commands.candidates(lo, hi).length ?? 0;
      if (known > 0) return true;
      if (segment?.index === undefined && segment?.sidecar?.mayHaveCommand(lo, hi) !== false) return true;
    }
    return false;
  }

  /** The positions of events whose command id may be this one, newest segment first. */
  async *commandPositions(commandId: string): AsyncGenerator<number> {
    const { lo, hi } = this.hash.of(commandId);
    for (const segment of this.#list.toReversed()) {
      const events =
        segment.index?.commands.candidates(lo, hi) ??
        (await this.#bySidecar(
          segment,
          (sidecar) => sidecar.commandEvents(lo, hi),
          ({ commands }) => commands.candidates(lo, hi),
        ));
      for (const event of events) yield segment.firstPosition + event - 1;
    }
  }

  /** The events from `position` on that belong to one command on one ticket; a write never spans frames. */
  async readCommand(position: number, commandId: string): Promise<readonly RecordedEvent[]> {
    const segment = this.holding(position);
    if (segment === undefined) throw new LogDamage('the log', 0, `no segment holds position ${position}`);
    return this.#records.readAt(segment, position, (cursor) => {
      const events: RecordedEvent[] = [];
      while (!cursor.done) {
        const event = cursor.event();
        if (event.commandId !== commandId || (events[0] ?? event).ticketId !== event.ticketId) break;
        events.push(event);
      }
      return events;
    });
  }

  /** What a segment has of a ticket; more than one run only where another ticket's hash is the same. */
  async #runs(segment: Segment, ticketId: TicketId, lo: number, hi: number): Promise<readonly TicketRun[]> {
    if (segment.index !== undefined) return runsIn(segment.index, ticketId, lo, hi);
    return this.#bySidecar(
      segment,
      (sidecar) => sidecar.runs(lo, hi),
      (index) => runsIn(index, ticketId, lo, hi),
    );
  }

  async #readRuns(
    segment: Segment,
    runs: readonly TicketRun[],
    ticketId: TicketId,
  ): Promise<readonly RecordedEvent[]> {
    for (const run of runs) {
      const events = await this.#records.readRun(segment, run);
      if (isRun(events, run, ticketId)) return events;
      if (events.every((event) => event.ticketId !== ticketId)) continue;
      // The list is wrong; the segment itself knows better.
      const { lo, hi } = this.hash.of(ticketId);
      const [exact] = runsIn(await this.#indexAnew(segment), ticketId, lo, hi);
      const again = exact === undefined ? [] : await this.#records.readRun(segment, exact);
      if (exact !== undefined && isRun(again, exact, ticketId)) return again;
      throw new LogDamage(segment.path, 0, `the events of ticket ${ticketId} are not where they should be`);
    }
    return [];
  }

  async #lastRevision(
    segment: Segment,
    sidecar: Sidecar,
    ticketId: TicketId,
    lo: number,
    hi: number,
  ): Promise<number> {
    for (const { revision, event } of await sidecar.lastEvents(lo, hi)) {
      const keys = await this.#records.readAt(segment, segment.firstPosition + event - 1, (cursor) =>
        cursor.keys(),
      );
      if (keys.ticketId !== ticketId) continue;
      if (keys.revision !== revision) throw new SidecarUnusable(`event ${event} is another revision`);
      return revision;
    }
    return 0;
  }

  async #bySidecar<T>(
    segment: Segment,
    ask: (sidecar: Sidecar) => Promise<T>,
    askIndex: (index: MemoryIndex) => T,
  ): Promise<T> {
    try {
      if (segment.sidecar === undefined) throw new SidecarUnusable(`${segment.path} has no sidecar`);
      return await ask(segment.sidecar);
    } catch (error) {
      if (!(error instanceof SidecarUnusable)) throw error;
      return askIndex(await this.#indexAnew(segment));
    }
  }

  #indexAnew(segment: Segment): Promise<MemoryIndex> {
    const indexing =
      this.#reindexing.get(segment) ?? this.#reindex(segment).finally(() => this.#reindexing.delete(segment));
    this.#reindexing.set(segment, indexing);
    return indexing;
  }
}

function revisionIn(tickets: TicketTable, ticketId: TicketId, lo: number, hi: number): number {
  const row = tickets.find(ticketId, lo, hi);
  return row < 0 ? 0 : tickets.revision(row);
}

function runsIn(
  { tickets, chain }: MemoryIndex,
  ticketId: TicketId,
  lo: number,
  hi: number,
): readonly TicketRun[] {
  const row = tickets.find(ticketId, lo, hi);
  const lastEvent = row < 0 ? 0 : tickets.lastEvent(row);
  return lastEvent === 0 ? [] : [{ revision: tickets.revision(row), events: chain.upTo(lastEvent) }];
}
