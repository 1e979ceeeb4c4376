/**
 * The log in PostgreSQL, for several API processes on one database: positions without gaps, expected
 * revisions checked under one lock, many calls committed together. docs/postgres-log.md tells its promises.
 *
 * It must never resolve an append that is not committed, and never reject one as not done that is.
 */
import type {
  AppendOutcome,
  Clock,
  CommandTrace,
  EventLog,
  SyncObserver,
  Write,
} from '../../../domain/ports.ts';
import type { TicketId } from '../../../domain/ticket/values.ts';
import type { Database, Prepared } from '../../../projections/sql.ts';
import { Committer, outageMsMaxDefault } from './committer.ts';
import { type EventRow, eventColumns, eventOf } from './event-rows.ts';
import { Gathered } from './gathered.ts';
import { install } from './install.ts';
import { Intake } from './intake.ts';
import { PostgresReader } from './postgres-reader.ts';
import { fromStorable, toStorable } from './storable-text.ts';

const selectRevisions: Prepared = {
  name: 'docket_log_revisions',
  text: `SELECT wanted.ticket_id, e.revision FROM unnest($1::text[]) AS wanted (ticket_id), LATERAL (
  SELECT one.revision FROM docket_log.event AS one
  WHERE one.ticket_id = wanted.ticket_id ORDER BY one.revision DESC LIMIT 1
) AS e`,
};
/** Nearly all ids that are looked up are new, so this is asked first, and usually all. */
const selectKnown: Prepared = {
  name: 'docket_log_known_commands',
  text: 'SELECT command_id FROM docket_log.command WHERE command_id = ANY ($1::text[])',
};
const selectCommands: Prepared = {
  name: 'docket_log_commands',
  text: `SELECT k.command_id AS found_id, k.command_digest AS found_digest, ${eventColumns}
FROM docket_log.command AS k
JOIN docket_log.event AS e ON e.ticket_id = k.ticket_id
  AND e.revision BETWEEN k.first_revision AND k.last_revision AND e.command_id = k.command_id
WHERE k.command_id = ANY ($1::text[]) ORDER BY e.position`,
};

export interface PostgresLogOptions {
  /** Stays the caller's, to be closed after the log. */
  readonly database: Database;
  readonly clock: Clock;
  /** How long an append waits for a database that is away. */
  readonly outageMsMax?: number;
  /** Told of every batch that was committed, with the time of the whole statement. */
  readonly onSync?: SyncObserver | undefined;
}

/** Makes the tables where there are none. Throws `database_unavailable`, `input_unreadable`. */
export async function openPostgresLog(options: PostgresLogOptions): Promise<PostgresLog> {
  const { database, clock, outageMsMax = outageMsMaxDefault, onSync } = options;
  await install(database);
  const committer = new Committer(database, clock, outageMsMax, onSync);
  await committer.start();
  return new PostgresLog(database, committer);
}

export class PostgresLog extends PostgresReader implements EventLog {
  readonly soleWriter = false;
  readonly durability = 'transaction committed, synchronous_commit on';
  readonly #committer: Committer;
  readonly #intake: Intake;
  readonly #revisions: Gathered<number>;
  readonly #commands: Gathered<CommandTrace>;
  #closing: Promise<void> | undefined;

  /** Use `openPostgresLog`. */
  constructor(database: Database, committer: Committer) {
    super(database);
    this.#committer = committer;
    this.#intake = new Intake(committer);
    this.#revisions = new Gathered(async (ids) => {
      const wanted = [...new Set(ids)].map(toStorable);
      const rows = await database.prepared<{ ticket_id: string; revision: number }>(selectRevisions, [
        wanted,
      ]);
      return new Map(rows.map((row) => [fromStorable(row.ticket_id), row.revision]));
    });
    this.#commands = new Gathered(async (ids) => {
      const wanted = ids.map(toStorable);
      const known = await database.prepared<{ command_id: string }>(selectKnown, [wanted]);
      if (known.length === 0) return new Map();
      const found = known.map((row) => row.command_id);
      return tracesOf(await database.prepared<CommandRow>(selectCommands, [found]));
    });
  }

  /**
   * Throws `overloaded`, `log_closed`; `database_unavailable` where nothing was appended or nobody can find
   * out whether it was; `log_failed` where the server refuses to append; a RangeError or TypeError for a
   * call that can not be stored, of which then nothing was.
   */
  async append(writes: readonly Write[]): Promise<readonly AppendOutcome[]> {
    this.assertOpen();
    return this.#intake.append(writes);
  }

  async revisionOf(ticketId: TicketId): Promise<number> {
    this.assertOpen();
    return (await this.#revisions.get(ticketId)) ?? 0;
  }

  /** Only the database can tell. */
  mayKnowCommand(): boolean {
    return true;
  }

  async findCommand(commandId: string): Promise<CommandTrace | undefined> {
    this.assertOpen();
    return this.#commands.get(commandId);
  }

  /** Waits for what was appended. */
  override close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await super.close();
    await this.#intake.idle();
    await this.#committer.stop();
  }
}

type CommandRow = EventRow & { readonly found_id: string; readonly found_digest: string };

function tracesOf(rows: readonly CommandRow[]): ReadonlyMap<string, CommandTrace> {
  const traces = new Map<string, CommandTrace>();
  for (const [id, ofCommand] of Map.groupBy(rows, (row) => row.found_id)) {
    const commandDigest = fromStorable(ofCommand[0]?.found_digest ?? '');
    traces.set(fromStorable(id), { commandDigest, events: ofCommand.map(eventOf) });
  }
  return traces;
}
