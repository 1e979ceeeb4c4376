/**
 * The one connection that appends, and what its lock is for. Each connection holds a lock of its session,
 * whose key nobody else uses. When it breaks, whoever can take that lock knows that the server has ended
 * what the connection was doing, one way or the other, and can look up which.
 */
import { randomInt } from 'node:crypto';
import type { AppendOutcome } from '../../../domain/ports.ts';
import type { Database, Prepared, Session } from '../../../projections/sql.ts';
import type { Batch } from './batch.ts';
import { int4Array, textArray } from './row-writer.ts';

const lockKeyMax = 2 ** 48 - 1;

const appendAll: Prepared = {
  name: 'docket_log_append_all',
  text: `SELECT appended_from, appended_at
FROM docket_log.append_all($1, $2, $3, $4, $5::docket_log.new_event[], $6::docket_log.new_command[])`,
};
const appendEach: Prepared = {
  name: 'docket_log_append_each',
  text: `SELECT appended_at, positions, conflict_parts, actual_revisions
FROM docket_log.append_each($1, $2, $3, $4::docket_log.new_event[], $5::docket_log.new_command[],
  $6::integer[], $7::integer[], $8::integer[], $9::integer[], $10::integer[])`,
};

/**
 * The plans of the append functions are made once, when the tables may still be empty: they must be those
 * that fit large ones. A server that acknowledges later than we ask for may do so.
 */
const begin = `SELECT pg_try_advisory_lock($1) AS locked,
  set_config('plan_cache_mode', 'force_generic_plan', false) AS plans,
  set_config('enable_seqscan', 'off', false) AS seqscan,
  set_config('enable_hashjoin', 'off', false) AS hashjoin,
  set_config('enable_mergejoin', 'off', false) AS mergejoin,
  'docket_log.new_event'::regtype::oid::bigint AS event_type,
  'docket_log.new_command'::regtype::oid::bigint AS command_type,
  CASE WHEN current_setting('synchronous_commit') IN ('off', 'local', 'remote_write')
    THEN set_config('synchronous_commit', 'on', false) END AS synchronous_commit`;

const endHolder = `SELECT pg_terminate_backend(pid) FROM pg_locks
WHERE locktype = 'advisory' AND objsubid = 1 AND granted
  AND (classid::bigint << 32) + objid::bigint = $1
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;

const findWrites = `SELECT w.number, e.position, e.recorded_at,
  (SELECT max(revision) FROM docket_log.event AS last WHERE last.ticket_id = w.ticket_id) AS revision
FROM unnest($1::text[], $2::integer[]) WITH ORDINALITY AS w (ticket_id, revision, number)
LEFT JOIN docket_log.event AS e
  ON e.ticket_id = w.ticket_id AND e.revision = w.revision + 1 AND e.write_id = $3::bigint + w.number
ORDER BY w.number`;

interface FoundWrite {
  readonly position: number | null;
  readonly recorded_at: number | null;
  readonly revision: number | null;
}

export class AppendConnection {
  readonly #session: Session;
  readonly #lockKey: number;
  readonly #eventType: number;
  readonly #commandType: number;

  private constructor(session: Session, lockKey: number, eventType: number, commandType: number) {
    this.#session = session;
    this.#lockKey = lockKey;
    this.#eventType = eventType;
    this.#commandType = commandType;
  }

  static async open(database: Database): Promise<AppendConnection> {
    const session = await database.session();
    try {
      for (;;) {
        const key = randomInt(lockKeyMax);
        const [row] = await session.query<{ locked: boolean; event_type: number; command_type: number }>(
          begin,
          [key],
        );
        if (row?.locked !== true) continue;
        return new AppendConnection(session, key, row.event_type, row.command_type);
      }
    } catch (error) {
      await session.close();
      throw error;
    }
  }

  get ended(): Promise<void> {
    return this.#session.ended;
  }

  close(): Promise<void> {
    return this.#session.close();
  }

  /** Whether the server still listens: then an error of the last statement was its answer to it. */
  async answers(): Promise<boolean> {
    return this.#session.query('SELECT 1').then(
      () => true,
      () => false,
    );
  }

  /** Commits the batch in one statement, or in a second one where the writes must be judged one by one. */
  async append(batch: Batch, clock: number): Promise<readonly AppendOutcome[]> {
    const tickets = textArray(batch.tickets);
    if (batch.harmonious) {
      const [row] = await this.#session.prepared<{ appended_from: number | null; appended_at: number }>(
        appendAll,
        [batch.id, clock, tickets, int4Array(batch.revisions), ...this.#rows(batch)],
      );
      if (row !== undefined && row.appended_from !== null) {
        return allAppended(batch, row.appended_from, row.appended_at);
      }
    }
    return this.#appendEach(batch, clock, tickets);
  }

  /**
   * Ends what another connection may still be doing, and tells what became of a batch that it was committing:
   * its outcomes, or undefined where nothing of it was appended. `wait` is called
   * between tries, and throws when they have been enough.
   */
  async findOut(
    other: AppendConnection,
    batch: Batch,
    wait: () => Promise<void>,
  ): Promise<readonly AppendOutcome[] | undefined> {
    await this.#session.query(endHolder, [other.#lockKey]);
    for (;;) {
      const [row] = await this.#session.query<{ locked: boolean }>(
        'SELECT pg_try_advisory_lock($1) AS locked',
        [other.#lockKey],
      );
      if (row?.locked === true) break;
      await wait();
    }
    await this.#session.query('SELECT pg_advisory_unlock($1)', [other.#lockKey]);
    const firsts = batch.writeParts.map((part) => ({
      ticketId: batch.ticketOf(part),
      revision: batch.partRevisions[part] ?? 0,
    }));
    const found = await this.#session.query<FoundWrite>(findWrites, [
      textArray(firsts.map(({ ticketId }) => ticketId)),
      int4Array(firsts.map(({ revision }) => revision)),
      batch.id,
    ]);
    if (found.every(({ position }) => position === null)) return undefined;
    return found.map(({ position, recorded_at: recordedAt, revision }, write): AppendOutcome => {
      if (position !== null && recordedAt !== null) return { status: 'appended', position, recordedAt };
      const ticketId = firsts[write]?.ticketId ?? '';
      return { status: 'conflict', ticketId, actualRevision: revision ?? 0 };
    });
  }

  async #appendEach(batch: Batch, clock: number, tickets: Buffer): Promise<readonly AppendOutcome[]> {
    const [row] = await this.#session.prepared<{
      appended_at: number;
      positions: readonly number[];
      conflict_parts: readonly number[];
      actual_revisions: readonly number[];
    }>(appendEach, [
      batch.id,
      clock,
      tickets,
      ...this.#rows(batch),
      int4Array(batch.writeCalls),
      int4Array(batch.partWrites),
      int4Array(batch.partTickets.map((ticket) => ticket + 1)),
      int4Array(batch.partRevisions),
      int4Array(batch.partEvents),
    ]);
    if (row === undefined) throw new Error('bug: append_each told nothing');
    return row.positions.map((position, write): AppendOutcome => {
      if (position > 0) return { status: 'appended', position, recordedAt: row.appended_at };
      const ticketId = batch.ticketOf((row.conflict_parts[write] ?? 0) - 1);
      return { status: 'conflict', ticketId, actualRevision: row.actual_revisions[write] ?? 0 };
    });
  }

  #rows(batch: Batch): [Buffer, Buffer] {
    return [batch.events.finish(this.#eventType), batch.commands.finish(this.#commandType)];
  }
}

function allAppended(batch: Batch, from: number, recordedAt: number): readonly AppendOutcome[] {
  return batch.writeOrdinals.map((ordinal) => ({ status: 'appended', position: from + ordinal, recordedAt }));
}
