/**
 * What is appended straight to a log, without an engine: one event to a write, on all tickets in turn, as a
 * caller sends them who knows its tickets' revisions. The same for each kind of log.
 */
import type { EventLog, Write } from '../../domain/ports.ts';
import type { NewEvent } from '../../domain/ticket/events.ts';
import { callsInFlightMax } from './playing.ts';
import { liveTicketsCount } from './workloads.ts';

export const writesPerCall = 2_000;
const occurredAtFirst = Date.UTC(2026, 0, 5);
const actor = { id: 'svc-desk', role: 'integration' } as const;
/** A prime, so that steps of this size visit every ticket before any comes again. */
const stride = 7_919;

export class LogWrites {
  readonly #prefix: string;
  readonly #revisions = new Uint32Array(liveTicketsCount);
  #sent = 0;

  /** Tickets are told from those of others on the same log by the beginning of their ids. */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  next(writes: number): readonly Write[] {
    return Array.from({ length: writes }, () => this.#write());
  }

  #write(): Write {
    const sent = this.#sent;
    this.#sent += 1;
    const index = (sent * stride) % liveTicketsCount;
    const expectedRevision = this.#revisions[index] ?? 0;
    this.#revisions[index] = expectedRevision + 1;
    const event: NewEvent = {
      type: 'TicketHeld',
      data: { reason: 'vendor' },
      schemaVersion: 1,
      workflow: 'incident@1',
      state: 'hold/assigned/L0',
      occurredAt: occurredAtFirst + sent,
      actor,
    };
    const command =
      sent % 10 === 0 ? { commandId: `${this.#prefix}-${sent}`, commandDigest: '0123456789abcdef' } : {};
    const ticketId = `${this.#prefix}${String(index).padStart(7, '0')}`;
    return { ticketId, expectedRevision, events: [{ ...event, ...command }] };
  }
}

/** Events per second until every append is answered, counted by the log's head. */
export async function appendRate(
  log: Pick<EventLog, 'append' | 'head'>,
  writes: LogWrites,
  events: number,
  signal: AbortSignal,
): Promise<number> {
  globalThis.gc?.();
  const head = await log.head();
  const startedAtMs = performance.now();
  const inFlight: Promise<unknown>[] = [];
  for (let left = events; left > 0; left -= writesPerCall) {
    signal.throwIfAborted();
    if (inFlight.length >= callsInFlightMax) await inFlight.shift();
    inFlight.push(log.append(writes.next(Math.min(left, writesPerCall))));
  }
  await Promise.all(inFlight);
  const seconds = (performance.now() - startedAtMs) / 1_000;
  return ((await log.head()) - head) / seconds;
}
