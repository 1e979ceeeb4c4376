/**
 * Compares Docket's own XES file with the log it was restored to, event by event: each must be there as the
 * same revision of the same ticket and with the same content.
 *
 * It must never count an event as there that was not compared.
 */
import type { EventReader } from '../../domain/ports.ts';
import type { RecordedEvent } from '../../domain/ticket/events.ts';
import type { TicketId } from '../../domain/ticket/values.ts';
import { docketEventOf, readDocketXes } from './docket-events.ts';
import { differenceOf } from './event-difference.ts';
import { ImportProblem } from './import-problem.ts';
import { RejectFile } from './reject-file.ts';
import type { RestoreRefusals } from './restore-tickets.ts';
import type { XesEvent, XesFlaw } from './xes-elements.ts';

export const differencesShownMax = 20;

export interface RestoreReport {
  /** `restored + unchanged + different + missing + malformed`. */
  readonly rows: number;
  readonly tickets: number;
  /** Events that are in the log as the file has them: added by this import, or there before. */
  readonly restored: number;
  readonly unchanged: number;
  /** Events of the ticket's revision that are not what the file says. */
  readonly different: number;
  /** Events that the log does not have. */
  readonly missing: number;
  /** Elements of the file that are no event of Docket. */
  readonly malformed: number;
  readonly seconds: number;
  /** The first that are not as the file has them. */
  readonly differences: readonly RestoreDifference[];
}

export interface RestoreDifference {
  readonly line: number;
  readonly ticketId: TicketId | undefined;
  readonly revision: number | undefined;
  readonly code: 'different' | 'missing' | 'malformed';
  readonly reason: string;
}

export interface RestoreCheckOptions {
  readonly file: string;
  readonly reader: EventReader;
  /** Heads of the log's partitions before the import. */
  readonly headsBefore: readonly number[];
  readonly refusals: RestoreRefusals;
  /** Path of the NDJSON file for events that are not as the file has them; one of this name is replaced. */
  readonly rejects: string;
  readonly startedAtMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Reads the file once more, and each of its tickets from the log. Throws what reading either throws. */
export async function checkRestored(options: RestoreCheckOptions): Promise<RestoreReport> {
  const rejects = await RejectFile.create(options.rejects);
  const check = new RestoreCheck(options, rejects);
  try {
    for await (const items of readDocketXes(options.file)) {
      options.signal?.throwIfAborted();
      for (const item of items) {
        if (item.kind === 'event') await check.event(item);
        else if (item.kind === 'flaw') check.flaw(item);
      }
      await rejects.drained();
    }
  } finally {
    await rejects.close();
  }
  return check.report((performance.now() - options.startedAtMs) / 1_000);
}

class RestoreCheck {
  readonly #options: RestoreCheckOptions;
  readonly #rejects: RejectFile;
  readonly #counts = {
    rows: 0,
    tickets: 0,
    restored: 0,
    unchanged: 0,
    different: 0,
    missing: 0,
    malformed: 0,
  };
  readonly #differences: RestoreDifference[] = [];
  /** The ticket whose events come one after the other in the file. */
  #ticketId: TicketId | undefined;
  #stored: readonly RecordedEvent[] = [];

  constructor(options: RestoreCheckOptions, rejects: RejectFile) {
    this.#options = options;
    this.#rejects = rejects;
  }

  async event(element: XesEvent): Promise<void> {
    this.#counts.rows += 1;
    const { line } = element;
    const event = docketEventOf(element);
    if (event instanceof ImportProblem) {
      this.#differs({
        line,
        ticketId: undefined,
        revision: undefined,
        code: 'malformed',
        reason: event.message,
      });
      return;
    }
    const { ticketId, revision } = event;
    if (ticketId !== this.#ticketId) {
      this.#ticketId = ticketId;
      this.#stored = await this.#options.reader.readTicket(ticketId);
      this.#counts.tickets += 1;
    }
    const stored = this.#stored[revision - 1];
    if (stored === undefined) {
      const why = this.#options.refusals.get(ticketId) ?? 'the log ends before it';
      this.#differs({ line, ticketId, revision, code: 'missing', reason: why }, event);
      return;
    }
    const reason = differenceOf(event, stored);
    if (reason === undefined) {
      const before = stored.position <= (this.#options.headsBefore[stored.partition] ?? 0);
      this.#counts[before ? 'unchanged' : 'restored'] += 1;
      return;
    }
    this.#differs({ line, ticketId, revision, code: 'different', reason }, event);
  }

  flaw({ line, message }: XesFlaw): void {
    this.#counts.rows += 1;
    this.#differs({ line, ticketId: undefined, revision: undefined, code: 'malformed', reason: message });
  }

  report(seconds: number): RestoreReport {
    const { rows, restored, unchanged, different, missing, malformed } = this.#counts;
    const settled = restored + unchanged + different + missing + malformed;
    if (rows !== settled) throw new Error(`bug: of ${rows} rows ${settled} are accounted for`);
    return { ...this.#counts, seconds, differences: this.#differences };
  }

  #differs(difference: RestoreDifference, row?: RecordedEvent): void {
    this.#counts[difference.code] += 1;
    if (this.#differences.length < differencesShownMax) this.#differences.push(difference);
    this.#rejects.write({ ...difference, row });
  }
}
