/** What export tests share: events behind a reader, selected, and written to memory. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Output } from '../../../adapters/exports/output.ts';
import { SelectedEvents } from '../../../adapters/exports/selected-events.ts';
import type { EventSelection } from '../../../adapters/exports/selection.ts';
import type { EventReader, ReadOptions } from '../../../domain/ports.ts';
import type { NewEvent, RecordedEvent } from '../../../domain/ticket/events.ts';

/** A log of several partitions; each event says which is its own. */
export function partitionedReader(events: readonly RecordedEvent[], partitions = 1): EventReader {
  const inPartition = (partition: number) => events.filter((event) => event.partition === partition);
  return {
    partitions,
    async *read(from: number, { partition = 0, batchEventsMax = 1_024 }: ReadOptions = {}) {
      const own = inPartition(partition);
      for (let at = from - 1; at < own.length; at += batchEventsMax) yield own.slice(at, at + batchEventsMax);
    },
    readTicket: async (ticketId) => events.filter((event) => event.ticketId === ticketId),
    head: async (partition = 0) => inPartition(partition).length,
    close: async () => undefined,
  };
}

export interface SelectOptions {
  readonly selection?: Partial<EventSelection>;
  readonly partitions?: number;
  readonly casesRememberedMax?: number;
  readonly signal?: AbortSignal;
}

export function select(
  events: readonly RecordedEvent[],
  options: SelectOptions = {},
): Promise<SelectedEvents> {
  return SelectedEvents.open({
    reader: partitionedReader(events, options.partitions),
    selection: { time: 'occurred', ...options.selection },
    signal: options.signal ?? new AbortController().signal,
    casesRememberedMax: options.casesRememberedMax,
  });
}

/** Deals whole tickets out to partitions, with positions of their own in each. */
export function intoPartitions(
  events: readonly RecordedEvent[],
  partitions: number,
): readonly RecordedEvent[] {
  const positions = Array.from({ length: partitions }, () => 0);
  const partitionOf = new Map<string, number>();
  return events.map((event) => {
    const partition = partitionOf.get(event.ticketId) ?? partitionOf.size % partitions;
    partitionOf.set(event.ticketId, partition);
    const position = (positions[partition] ?? 0) + 1;
    positions[partition] = position;
    return { ...event, partition, position };
  });
}

/** One ticket with these events, as a log would have recorded them. */
export function recorded(ticketId: string, events: readonly NewEvent[], from = 1): readonly RecordedEvent[] {
  return events.map((event, index) => ({
    ...event,
    ticketId,
    revision: index + 1,
    partition: 0,
    position: from + index,
    recordedAt: Date.UTC(2026, 0, 1) + index,
  }));
}

/** Takes an export down; what is handed over may be used again afterwards, so it is copied at once. */
export class MemoryOutput implements Output {
  readonly pieces: Buffer[] = [];

  async write(piece: string | Uint8Array): Promise<void> {
    this.pieces.push(Buffer.from(piece));
  }

  get bytes(): Buffer {
    return Buffer.concat(this.pieces);
  }

  get text(): string {
    return this.bytes.toString('utf8');
  }
}

export function lines(text: string): readonly string[] {
  return text.split('\n').slice(0, -1);
}

/** A folder for one test file; call `remove` in afterAll. */
export function exportFolder(): { readonly folder: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'docket-exports-'));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** As JSON sees it: members without a value are not there. */
export function asJson(value: object): unknown {
  return JSON.parse(JSON.stringify(value));
}
