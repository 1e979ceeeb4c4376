/**
 * What the read-model database does while it is watched: what its statements took, which run now and what
 * they wait for, its clock, and parked tickets. It only asks; each question has a bound in time.
 */
import { openDatabase } from '../../adapters/postgres/database.ts';
import { isInstalled } from '../../projections/checkpoint.ts';
import { readParkedLive } from '../../projections/parking.ts';
import type { Database } from '../../projections/sql.ts';
import type { Looked } from './finding.ts';
import { reasonOf } from './machine.ts';
import type {
  DatabaseClock,
  DatabaseFacts,
  ParkedTicket,
  RunningStatement,
  SlowStatement,
  StatementFacts,
} from './seen.ts';
import { readSlowLog } from './slow-log.ts';

const connectMsMax = 3_000;
const statementMsMax = 2_000;
/** Statements that are remembered, the longest first. */
const statementsMax = 50;
/** Asked of PostgreSQL, which remembers 5,000 by default. */
const rowsMax = 5_000;

const activityQuery = `SELECT pid, coalesce(application_name, '') AS application, query AS text,
  extract(epoch FROM clock_timestamp() - query_start)::float8 * 1000 AS running_ms, query_start::text AS began,
  CASE WHEN wait_event_type IN ('Lock', 'LWLock', 'IO', 'Timeout')
    THEN wait_event_type || ': ' || wait_event ELSE '' END AS waits_for,
  pg_blocking_pids(pid) AS blocked_by
FROM pg_stat_activity
WHERE state = 'active' AND backend_type = 'client backend' AND datname = current_database()
  AND pid <> pg_backend_pid() AND query_start < clock_timestamp() - $1::float8 * interval '1 millisecond'`;

interface ActivityRow {
  readonly pid: number;
  readonly application: string;
  readonly text: string;
  readonly running_ms: number;
  readonly began: string;
  readonly waits_for: string;
  readonly blocked_by: readonly number[];
}

function statementsQuery(schema: string): string {
  return `SELECT queryid::text AS id, min(query) AS text, sum(calls)::float8 AS calls,
  sum(total_exec_time)::float8 AS total_ms
FROM ${schema}.pg_stat_statements
WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND queryid IS NOT NULL
GROUP BY queryid ORDER BY 4 DESC LIMIT ${rowsMax}`;
}

interface StatementRow {
  readonly id: string;
  readonly text: string;
  readonly calls: number;
  readonly total_ms: number;
}

export interface DatabaseWatchOptions {
  readonly url: string;
  /** Where its log may be read; undefined where it is on another machine. */
  readonly logFile: string | undefined;
  /** Statements that run for longer are told. */
  readonly slowMs: number;
  readonly sinceMs: number;
}

/** Watches from its making until `end`. */
export class DatabaseWatch {
  readonly #options: DatabaseWatchOptions;
  readonly #database: Database;
  readonly #beganMs = Date.now();
  readonly #running = new Map<string, RunningStatement>();
  #before: Looked<readonly StatementRow[]> = { unseen: 'it was not asked' };
  #trouble: string | undefined;

  constructor(options: DatabaseWatchOptions) {
    this.#options = options;
    this.#database = openDatabase(options.url, {
      applicationName: 'docket doctor',
      connectionsMax: 2,
      connectMsMax,
      statementMsMax,
    });
  }

  async begin(): Promise<void> {
    await this.#try(async () => {
      this.#before = await this.#statements();
    });
  }

  /** Notes what runs now. */
  async look(): Promise<void> {
    if (this.#trouble !== undefined) return;
    await this.#try(async () => {
      for (const row of await this.#database.query<ActivityRow>(activityQuery, [this.#options.slowMs])) {
        this.#running.set(`${row.pid} ${row.began}`, {
          pid: row.pid,
          application: row.application,
          runningMs: row.running_ms,
          waitsFor: row.waits_for,
          blockedBy: row.blocked_by,
          text: row.text,
        });
      }
    });
  }

  async end(): Promise<Looked<DatabaseFacts>> {
    await this.look();
    const running = [...this.#running.values()].sort((a, b) => b.runningMs - a.runningMs);
    const looked: Looked<DatabaseFacts> =
      this.#trouble !== undefined
        ? { unseen: `the database can not be asked: ${this.#trouble}` }
        : {
            seen: {
              running,
              statements: await seenOr(this.#compared()),
              clock: await seenOr(this.#clock()),
              parked: await seenOr(this.#parked()),
            },
          };
    await this.#database.close().catch(() => undefined);
    return looked;
  }

  /** After a failure nothing more is asked: each question to a server that hangs takes its whole bound. */
  async #try(ask: () => Promise<void>): Promise<void> {
    if (this.#trouble !== undefined) return;
    await ask().catch((error: unknown) => {
      this.#trouble = reasonOf(error);
    });
  }

  /** What PostgreSQL itself remembers. An extension that was made but not loaded refuses to be asked. */
  async #statements(): Promise<Looked<readonly StatementRow[]>> {
    const [home] = await this.#database.query<{ schema: string }>(
      `SELECT quote_ident(nspname) AS schema FROM pg_extension
JOIN pg_namespace ON pg_namespace.oid = extnamespace WHERE extname = 'pg_stat_statements'`,
    );
    if (home === undefined) return { unseen: 'pg_stat_statements is not installed' };
    try {
      return { seen: await this.#database.query<StatementRow>(statementsQuery(home.schema)) };
    } catch (error) {
      return { unseen: `pg_stat_statements does not answer (${reasonOf(error)})` };
    }
  }

  async #compared(): Promise<Looked<StatementFacts>> {
    const after = await this.#statements();
    if ('unseen' in after) return this.#fromLog(after.unseen);
    const before = new Map('seen' in this.#before ? this.#before.seen.map((row) => [row.id, row]) : []);
    const statements = after.seen.map(({ id, text, calls, total_ms }): SlowStatement => {
      const known = before.get(id);
      const watchedCalls = Math.max(0, calls - (known?.calls ?? 0));
      const watchedMs = Math.max(0, total_ms - (known?.total_ms ?? 0));
      return {
        text,
        calls,
        meanMs: total_ms / calls,
        watchedCalls,
        watchedMeanMs: watchedCalls === 0 ? 0 : watchedMs / watchedCalls,
      };
    });
    const over = 'since its figures were last reset';
    return { seen: { source: 'pg_stat_statements', statements: longest(statements), over } };
  }

  async #fromLog(why: string): Promise<Looked<StatementFacts>> {
    const { logFile, sinceMs } = this.#options;
    const [setting] = await this.#database.query<{ value: string }>(
      `SELECT current_setting('log_min_duration_statement') AS value`,
    );
    if (setting === undefined || setting.value === '-1') {
      return { unseen: `${why}, and log_min_duration_statement is off` };
    }
    if (logFile === undefined) return { unseen: `${why}, and the slow log is on another machine` };
    try {
      const entries = (await readSlowLog(logFile)).filter(({ endedAtMs }) => endedAtMs >= sinceMs);
      const statements = entries.map(({ endedAtMs, ms, text }): SlowStatement => {
        const watched = endedAtMs >= this.#beganMs;
        return {
          text,
          calls: 1,
          meanMs: ms,
          watchedCalls: watched ? 1 : 0,
          watchedMeanMs: watched ? ms : 0,
        };
      });
      const over = `statements over ${setting.value} at the end of ${logFile}`;
      return { seen: { source: 'the slow log', statements: longest(statements), over } };
    } catch (error) {
      return { unseen: `${why}, and ${logFile} can not be read: ${reasonOf(error)}` };
    }
  }

  async #clock(): Promise<Looked<DatabaseClock>> {
    const askedAtMs = Date.now();
    const [row] = await this.#database.query<{ ms: number }>(
      'SELECT extract(epoch FROM clock_timestamp())::float8 * 1000 AS ms',
    );
    const withinMs = (Date.now() - askedAtMs) / 2;
    return { seen: { aheadMs: row === undefined ? 0 : row.ms - (askedAtMs + withinMs), withinMs } };
  }

  async #parked(): Promise<Looked<readonly ParkedTicket[]>> {
    if (!(await isInstalled(this.#database))) return { seen: [] };
    const rows = await readParkedLive(this.#database);
    return {
      seen: rows.map(({ projection, ticket_id, parked_at, reason }) => ({
        projection,
        ticketId: ticket_id,
        parkedAtMs: parked_at,
        reason,
      })),
    };
  }
}

function seenOr<T>(looking: Promise<Looked<T>>): Promise<Looked<T>> {
  return looking.catch((error: unknown) => ({ unseen: reasonOf(error) }));
}

function longest(statements: readonly SlowStatement[]): readonly SlowStatement[] {
  const longer = ({ meanMs, watchedMeanMs }: SlowStatement) => Math.max(meanMs, watchedMeanMs);
  return statements.toSorted((a, b) => longer(b) - longer(a)).slice(0, statementsMax);
}
