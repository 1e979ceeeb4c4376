/**
 * What the parts of the event log contract share: the log under test, a clock that a test sets, and short
 * ways to write and read. It must know nothing of any adapter.
 */
import { afterEach, beforeEach, expect } from 'vitest';
import { Fault } from '../../domain/errors.ts';
import type { AppendOutcome, Clock, EventLog, Write } from '../../domain/ports.ts';
import type { NewEvent, RecordedEvent } from '../../domain/ticket/events.ts';
import { newEvent } from '../support/events.ts';

export interface LogUnderTest {
  readonly log: EventLog;
  /** Closes the log and opens the same one again; absent where it does not outlive a close. */
  readonly reopen?: () => Promise<EventLog>;
  /** Bounds of one atomic write, where the log has any: beyond them it must answer with a RangeError. */
  readonly writeEventsMax?: number;
  readonly writeBytesMax?: number;
  close(): Promise<void>;
}

export type OpenLog = (clock: Clock) => Promise<LogUnderTest>;

/** Every log takes at least this many events in one atomic write. */
export const writeEventsEveryLogTakes = 65_535;

/** A clock that a test sets. */
export class SetClock implements Clock {
  time = Date.UTC(2026, 0, 1);
  now(): number {
    return this.time;
  }
}

/** The log of the test that is running. */
export class Subject {
  readonly clock = new SetClock();
  #opened: LogUnderTest | undefined;
  #log: EventLog | undefined;

  constructor(open: OpenLog) {
    beforeEach(async () => {
      this.clock.time = Date.UTC(2026, 0, 1);
      this.#opened = await open(this.clock);
      this.#log = this.#opened.log;
    });
    afterEach(() => this.#opened?.close());
  }

  get log(): EventLog {
    if (this.#log === undefined) throw new Error('no test is running');
    return this.#log;
  }

  get bounds(): Pick<LogUnderTest, 'writeEventsMax' | 'writeBytesMax'> {
    return this.#opened ?? {};
  }

  /** Whether what was appended can still be read after `close`. */
  get outlivesClose(): boolean {
    return this.#opened?.reopen !== undefined;
  }

  /** Asserts the same of the log as it is and after a restart. */
  async nowAndRestarted(assertion: (log: EventLog) => Promise<void>): Promise<void> {
    await assertion(this.log);
    await assertion(await this.restarted());
  }

  /** The log after a restart, or as it is where it does not outlive one. */
  async restarted(): Promise<EventLog> {
    if (this.#opened?.reopen !== undefined) this.#log = await this.#opened.reopen();
    return this.log;
  }
}

export const started = newEvent({ type: 'WorkStarted', data: {} });
export const resumed = newEvent({ type: 'TicketResumed', data: {} });
/** JSON can not hold it, and so no log can. */
export const impossible = { ...started, data: { count: 1n } } as unknown as NewEvent;

/** A write of `WorkStarted` where no events are given. */
export function write(ticketId: string, expectedRevision: number, ...events: NewEvent[]): Write {
  return { ticketId, expectedRevision, events: events.length === 0 ? [started] : events };
}

/** An event as the command with this id leaves it first. */
export function commanded(commandId: string, commandDigest = 'ab12'): NewEvent {
  return newEvent({ type: 'WorkStarted', data: {} }, { commandId, commandDigest });
}

export async function all(log: EventLog, from = 1, batchEventsMax?: number): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  const options = batchEventsMax === undefined ? {} : { batchEventsMax };
  for await (const batch of log.read(from, options)) events.push(...batch);
  return events;
}

export function appendedAt(outcome: AppendOutcome | undefined): number {
  if (outcome?.status !== 'appended') throw new Error(`not appended: ${JSON.stringify(outcome)}`);
  return outcome.position;
}

export async function faultOf(work: () => Promise<unknown>): Promise<string> {
  try {
    await work();
  } catch (error) {
    if (error instanceof Fault) return error.code;
    throw error;
  }
  return 'nothing thrown';
}

/** The numbers from `first` to `last`. */
export function range(first: number, last: number): number[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index);
}

/** That a log's ways of reading tell one story: no gap, no double, no ticket that only one of them knows. */
export async function expectConsistent(log: EventLog): Promise<RecordedEvent[]> {
  const events = await all(log);
  expect(events.map(({ position }) => position)).toEqual(range(1, events.length));
  expect(await log.head()).toBe(events.length);
  for (const [ticketId, own] of Map.groupBy(events, (event) => event.ticketId)) {
    expect(own.map(({ revision }) => revision)).toEqual(range(1, own.length));
    expect(await log.revisionOf(ticketId)).toBe(own.length);
    expect(await log.readTicket(ticketId)).toEqual(own);
  }
  return events;
}
