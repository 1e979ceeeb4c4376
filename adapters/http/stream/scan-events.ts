/**
 * Walks through one partition of the log for the events that a filter lets pass, saying how far it has come
 * whether or not there were any. It holds one batch at a time, and never looks beyond what it was told to.
 */
import type { EventReader } from '../../../domain/ports.ts';
import type { RecordedEvent } from '../../../domain/ticket/events.ts';
import type { EpochMs } from '../../../domain/ticket/values.ts';
import type { EventFilter } from './event-filter.ts';

export interface Scan {
  readonly partition: number;
  /** The first position to look at. */
  readonly from: number;
  /** The last one. It must be durable. */
  readonly upTo: number;
  readonly filter: EventFilter;
  readonly batchEventsMax: number;
}

export interface Scanned {
  /** Those that pass, in order; perhaps none. */
  readonly events: readonly RecordedEvent[];
  /** Where to go on: everything before it was looked at. */
  readonly next: number;
}

/** In parts; the `next` of the last one is beyond `upTo`. None where `from` is. */
export async function* scanEvents(reader: EventReader, scan: Scan): AsyncGenerator<Scanned> {
  const { partition, from, upTo, filter, batchEventsMax } = scan;
  if (from > upTo) return;
  if (filter.ticketId !== undefined) {
    yield* scanTicket(await reader.readTicket(filter.ticketId), scan);
    return;
  }
  for await (const batch of reader.read(from, { partition, batchEventsMax })) {
    const last = batch.at(-1)?.position ?? upTo;
    const events = batch.filter((event) => event.position <= upTo && filter.passes(event));
    yield { events, next: Math.min(last, upTo) + 1 };
    if (last >= upTo) return;
  }
}

/** A ticket's events are found without looking at any other's. */
function* scanTicket(history: readonly RecordedEvent[], scan: Scan): Generator<Scanned> {
  const { partition, from, upTo, filter, batchEventsMax } = scan;
  const found = history.filter(
    (event) =>
      event.partition === partition &&
      event.position >= from &&
      event.position <= upTo &&
      filter.passes(event),
  );
  for (let start = 0; start + batchEventsMax < found.length; start += batchEventsMax) {
    const events = found.slice(start, start + batchEventsMax);
    yield { events, next: (events.at(-1)?.position ?? from) + 1 };
  }
  const rest = found.length === 0 ? 0 : (found.length - 1) % batchEventsMax;
  yield { events: found.length === 0 ? [] : found.slice(found.length - 1 - rest), next: upTo + 1 };
}

/**
 * The first position, up to `head`, that was recorded at `since` or later; `head + 1` where none was. Commit
 * times never run backwards within a partition, so about as many events are read as `head` has binary digits.
 */
export async function positionAt(
  reader: EventReader,
  partition: number,
  since: EpochMs,
  head: number,
): Promise<number> {
  let first = 1;
  let beyond = head + 1;
  while (first < beyond) {
    const middle = Math.floor((first + beyond) / 2);
    if ((await recordedAt(reader, partition, middle)) >= since) beyond = middle;
    else first = middle + 1;
  }
  return first;
}

async function recordedAt(reader: EventReader, partition: number, position: number): Promise<EpochMs> {
  for await (const [event] of reader.read(position, { partition, batchEventsMax: 1 })) {
    if (event !== undefined) return event.recordedAt;
  }
  throw new Error(`bug: position ${position} is below the head, but there is no event`);
}
