/**
 * Brings a ticket that was left behind on: its missing events are read from the log and projected in order,
 * up to where the others are, in one transaction. One that fails again leaves the ticket parked at that
 * event.
 */
import type { EventReader } from '../domain/ports.ts';
import type { RecordedEvent } from '../domain/ticket/events.ts';
import type { EpochMs } from '../domain/ticket/values.ts';
import type { RunningProjection } from './batch.ts';
import { moveCheckpoints } from './checkpoint.ts';
import { isDataError } from './database-errors.ts';
import { withStorableTime } from './instants.ts';
import { type ParkedTicket, type Parking, park, unpark } from './parking.ts';
import type { TableWrite } from './projection.ts';
import type { Database } from './sql.ts';
import { buildTableName } from './table.ts';
import { writeRows } from './write-rows.ts';

export interface RetryOptions {
  readonly reader: EventReader;
  readonly database: Database;
  /** With nothing in its fold's memory; there is nothing in it afterwards either. */
  readonly running: RunningProjection;
  readonly parked: ParkedTicket;
  readonly now: EpochMs;
}

/** Whether the ticket has caught up. Throws `Fault('projector_fenced')` where another projector took over. */
export async function retryParked(options: RetryOptions): Promise<boolean> {
  const { reader, database, running, parked } = options;
  const all = await reader.readTicket(parked.ticket_id);
  const missing = all
    .filter((event) => event.position >= parked.position && event.position <= running.position)
    .map(withStorableTime);
  const { fold } = running;
  try {
    const unknown = fold.missing(missing);
    if (unknown.length > 0) await fold.load(database, unknown);
    const left = foldUntilFailure(missing, running);
    await commit(options, fold.takeWrites(), left);
    return left === undefined;
  } catch (error) {
    const [first] = missing;
    if (first === undefined || !isDataError(error)) throw error;
    await commit(options, [], {
      event: first,
      reason: error instanceof Error ? error.message : String(error),
    });
    return false;
  } finally {
    fold.forget();
  }
}

function foldUntilFailure(
  events: readonly RecordedEvent[],
  { fold }: RunningProjection,
): Parking | undefined {
  for (const event of events) {
    try {
      fold.fold(event);
    } catch (error) {
      return { event, reason: error instanceof Error ? error.message : String(error) };
    }
  }
  return undefined;
}

async function commit(
  { database, running, parked, now }: RetryOptions,
  writes: readonly TableWrite[],
  left: Parking | undefined,
): Promise<void> {
  const { projection, build, epoch, position } = running;
  const key = { projection: projection.name, build };
  await database.transaction(async (sql) => {
    const { partition } = parked;
    const here = { ...key, partition, epoch, from: position, to: position, recordedAt: undefined };
    await moveCheckpoints(sql, [here], now);
    for (const write of writes) await writeRows(sql, write, (table) => buildTableName(table, build));
    if (left === undefined) await unpark(sql, key, parked.ticket_id);
    else await park(sql, key, [left], now);
  });
}
