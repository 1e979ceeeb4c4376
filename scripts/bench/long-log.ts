/**
 * A long log with many tickets, whose events lie at random all over it, and 1,000 tickets among them with
 * exactly 20 events each. It is appended to the log directly, because only opening and reading are measured.
 */
import { cp, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openSegmentLog, segmentBytesMaxDefault } from '../../adapters/log/segment/segment-log.ts';
import { Random } from '../../adapters/simulation/random.ts';
import type { AppendOutcome, Write } from '../../domain/ports.ts';
import type { NewEvent, TicketEvent } from '../../domain/ticket/events.ts';
import { systemClock } from '../runtime/system.ts';

export const eventsPerTicketMean = 10;
export const readTickets = 1_000;
export const eventsOfReadTicket = 20;
/** From here on segments have the size of production; shorter logs have as many, but smaller ones. */
const eventsOfFullSegments = 10_000_000;
const writesPerCall = 1_000;
const callsInFlightMax = 4;
const firstMs = Date.UTC(2026, 0, 5);
const actors = Array.from({ length: 300 }, (_, index) => ({ id: `agent-${index}`, role: 'agent' as const }));

/** What happens to a ticket: it is opened, and then the others come in turn. */
const opened: TicketEvent = { type: 'TicketOpened', data: {} };
const later: readonly { readonly event: TicketEvent; readonly state: string }[] = [
  { event: { type: 'WorkStarted', data: {} }, state: 'in_progress/unassigned' },
  { event: { type: 'TicketResolved', data: {} }, state: 'resolved/unassigned' },
  { event: { type: 'TicketReopened', data: {} }, state: 'in_progress/unassigned' },
];

/** The first `readTickets` are those that have exactly 20 events. */
export const longLogTicket = (index: number): string => `INC${String(index).padStart(7, '0')}`;
export const ticketsOf = (events: number): number => Math.round(events / eventsPerTicketMean);

export function segmentBytesMaxOf(events: number): number {
  return Math.round(segmentBytesMaxDefault * Math.min(1, events / eventsOfFullSegments));
}

/**
 * Fills `folder` and closes the log; `killed` gets the same files as they were before that, without a mark at
 * their end, as a writer leaves them that is killed in the middle of its work.
 */
export async function buildLongLog(
  folders: { readonly folder: string; readonly killed: string },
  events: number,
  signal: AbortSignal,
): Promise<void> {
  const { folder, killed } = folders;
  const log = await openSegmentLog({
    folder,
    clock: systemClock,
    segmentBytesMax: segmentBytesMaxOf(events),
    // No marker is ever due: one at the end of the copy would make it a log that was idle.
    schedule: () => () => {},
  });
  try {
    const inFlight: Promise<readonly AppendOutcome[]>[] = [];
    for (const call of calls(ticketsInOrder(events))) {
      signal.throwIfAborted();
      if (inFlight.length >= callsInFlightMax) assertAppended(await inFlight.shift());
      inFlight.push(log.append(call));
    }
    for (const outcomes of await Promise.all(inFlight)) assertAppended(outcomes);
    await copyUnclosed(folder, killed);
  } finally {
    await log.close();
  }
}

/** The ticket of each event. Every ticket comes at least once. */
function ticketsInOrder(events: number): Uint32Array {
  const random = new Random(1);
  const tickets = ticketsOf(events);
  const order = new Uint32Array(events);
  let at = 0;
  for (let ticket = 0; ticket < tickets; ticket += 1) {
    const times = ticket < readTickets ? eventsOfReadTicket : 1;
    order.fill(ticket, at, at + times);
    at += times;
  }
  for (; at < events; at += 1) order[at] = readTickets + random.below(tickets - readTickets);
  for (let left = events; left > 1; left -= 1) {
    const picked = random.below(left);
    const last = order[left - 1] ?? 0;
    order[left - 1] = order[picked] ?? 0;
    order[picked] = last;
  }
  return order;
}

function* calls(order: Uint32Array): Generator<readonly Write[]> {
  const revisions = new Uint16Array(ticketsOf(order.length));
  for (let from = 0; from < order.length; from += writesPerCall) {
    const call: Write[] = [];
    for (const [index, ticket] of order.subarray(from, from + writesPerCall).entries()) {
      const expectedRevision = revisions[ticket] ?? 0;
      revisions[ticket] = expectedRevision + 1;
      const events = [eventOf(expectedRevision, from + index)];
      call.push({ ticketId: longLogTicket(ticket), expectedRevision, events });
    }
    yield call;
  }
}

/** With a real envelope: actor, times, and a command id on one in ten. No payload. */
export function eventOf(revisionBefore: number, sent: number): NewEvent {
  const step = later[(revisionBefore - 1) % later.length];
  const { event, state } = step ?? { event: opened, state: 'new/unassigned' };
  const withId = sent % 10 === 0;
  return {
    ...event,
    schemaVersion: 1,
    workflow: 'incident@1',
    state,
    occurredAt: firstMs + sent * 10,
    actor: actors[sent % actors.length] ?? { id: 'desk', role: 'system' },
    commandId: withId ? `bench-${sent}` : undefined,
    commandDigest: withId ? digestOf(sent) : undefined,
  };
}

/** As long as a real one, and as hard to compress. */
function digestOf(sent: number): string {
  const word = (factor: number) => (Math.imul(sent + 1, factor) >>> 0).toString(16).padStart(8, '0');
  return word(0x85ebca6b) + word(0xc2b2ae35);
}

function assertAppended(outcomes: readonly AppendOutcome[] | undefined): void {
  const conflict = outcomes?.find(({ status }) => status === 'conflict');
  if (conflict !== undefined) throw new Error(`bug: a write was refused: ${JSON.stringify(conflict)}`);
}

/** Synced, as the writer had it: else what is measured later would wait for the copy to reach the disk. */
async function copyUnclosed(folder: string, copy: string): Promise<void> {
  await cp(folder, copy, { recursive: true });
  for (const name of await readdir(copy)) {
    const path = join(copy, name);
    if (name.startsWith('LOCK')) {
      await rm(path);
      continue;
    }
    const file = await open(path, 'r');
    await file.sync();
    await file.close();
  }
}
