/**
 * Proves read models against the log: every event is folded anew, from the first one, and the rows that this
 * gives are laid beside those that PostgreSQL holds. It changes nothing. Folding happens in memory, which
 * therefore has to hold what the log has of tickets.
 */
import { Fault } from '../domain/errors.ts';
import type { Calendars } from '../domain/metrics/calendars.ts';
import type { EventReader } from '../domain/ports.ts';
import type { RecordedEvent } from '../domain/ticket/events.ts';
import type { TicketId } from '../domain/ticket/values.ts';
import type { Workflows } from '../domain/workflow/registry.ts';
import { readBuilds } from './build.ts';
import { type Checkpoint, isInstalled, readLiveCheckpoints } from './checkpoint.ts';
import { type Difference, ExpectedRows } from './expected-rows.ts';
import { withStorableTime } from './instants.ts';
import { readParkedLive } from './parking.ts';
import type { Fold, Projection } from './projection.ts';
import type { Database, Sql } from './sql.ts';
import { buildTableName, type Table } from './table.ts';

export interface ReplayCheckOptions {
  readonly reader: EventReader;
  readonly database: Database;
  readonly workflows: Workflows;
  readonly calendars: Calendars;
  readonly projections: readonly Projection[];
  readonly onProgress?: (progress: { readonly partition: number; readonly position: number }) => void;
}

export interface ReplayCheckResult {
  readonly ok: boolean;
  /** Events replayed. */
  readonly events: number;
  readonly tickets: number;
  /** Tickets that read models left behind: their rows were compared as of the event that parked them. */
  readonly parked: number;
  /** Rows that differ. */
  readonly differenceCount: number;
  /** The first of them, of each table. */
  readonly differences: readonly Difference[];
}

/**
 * Compares at the position that each projection had reached when the check began. Throws
 * `Fault('projection_failed')` where an event can not be folded, a read model was not made by this release,
 * or its checkpoint lies beyond the log.
 */
export async function replayCheck(options: ReplayCheckOptions): Promise<ReplayCheckResult> {
  return options.database.transaction(
    async (sql) => {
      const replay = await Replay.begin(options, sql);
      for (let partition = 0; partition < options.reader.partitions; partition += 1) {
        await replay.partition(partition);
      }
      return replay.result();
    },
    { mode: 'scratch' },
  );
}

/** A read model, as far as one partition's events go. */
interface Replayed {
  readonly projection: Projection;
  readonly fold: Fold;
  readonly upTo: number;
  /** From which position on a ticket is not projected. */
  readonly parkedFrom: ReadonlyMap<TicketId, number>;
}

class Replay {
  readonly #options: ReplayCheckOptions;
  readonly #expected: ExpectedRows;
  readonly #checkpoints: readonly Checkpoint[];
  readonly #parked: Awaited<ReturnType<typeof readParkedLive>>;
  readonly #nameOf: (table: Table<never>) => string;
  readonly #tickets = new Set<TicketId>();
  #events = 0;

  private constructor(
    options: ReplayCheckOptions,
    parts: Pick<Parts, 'expected' | 'checkpoints' | 'parked' | 'nameOf'>,
  ) {
    this.#options = options;
    this.#expected = parts.expected;
    this.#checkpoints = parts.checkpoints;
    this.#parked = parts.parked;
    this.#nameOf = parts.nameOf;
  }

  static async begin(options: ReplayCheckOptions, sql: Sql): Promise<Replay> {
    const { projections } = options;
    if (!(await isInstalled(sql))) throw neverProjected('no read model');
    const live = (await readBuilds(sql)).filter((each) => each.state === 'live');
    const builds = new Map<Table<never>, number>();
    for (const { name, version, tables } of projections) {
      const build = live.find((each) => each.projection === name);
      if (build === undefined) throw neverProjected(name);
      if (build.version !== version) throw ofOtherVersion(name, build.version, version);
      for (const table of tables) builds.set(table, build.build);
    }
    const nameOf = (table: Table<never>) => buildTableName(table, builds.get(table) ?? 0);
    const expected = await ExpectedRows.begin(sql, projections, nameOf);
    const [checkpoints, parked] = [await readLiveCheckpoints(sql), await readParkedLive(sql)];
    return new Replay(options, { expected, checkpoints, parked, nameOf });
  }

  /** Replays one partition, up to where each projection has come. */
  async partition(partition: number): Promise<void> {
    const { reader, onProgress, projections } = this.#options;
    const replayed = projections.map((projection) => this.#replayed(projection, partition));
    const end = Math.max(0, ...replayed.map(({ upTo }) => upTo));
    if (end > (await reader.head(partition))) {
      throw new Fault('projection_failed', `the read models hold position ${end}, where the log has ended`);
    }
    if (end === 0) return;
    for await (const batch of reader.read(1, { partition })) {
      const events = batch.filter((event) => event.position <= end).map(withStorableTime);
      for (const each of replayed) {
        foldAll(events, each);
        await this.#expected.take(each.fold.takeWrites());
      }
      for (const { ticketId } of events) this.#tickets.add(ticketId);
      this.#events += events.length;
      const position = batch.at(-1)?.position ?? end;
      onProgress?.({ partition, position: Math.min(position, end) });
      if (position >= end) return;
    }
  }

  async result(): Promise<ReplayCheckResult> {
    const { count, told } = await this.#expected.compare(this.#nameOf);
    return {
      ok: count === 0,
      events: this.#events,
      tickets: this.#tickets.size,
      parked: this.#parked.length,
      differenceCount: count,
      differences: told,
    };
  }

  #replayed(projection: Projection, partition: number): Replayed {
    const { workflows, calendars } = this.#options;
    const { name } = projection;
    const own = this.#checkpoints.find((each) => each.projection === name && each.partition === partition);
    if (own === undefined) throw neverProjected(name);
    // A fold that forgot a ticket would read it back from the rows that are to be proved.
    const ticketsMax = Number.POSITIVE_INFINITY;
    const fold = projection.start({ workflows, calendars, nameOf: this.#nameOf, ticketsMax });
    const parkedFrom = new Map(
      this.#parked
        .filter((each) => each.projection === name && each.partition === partition && each.position > 0)
        .map(({ ticket_id, position }) => [ticket_id, position]),
    );
    return { projection, fold, upTo: own.position, parkedFrom };
  }
}

interface Parts {
  readonly expected: ExpectedRows;
  readonly checkpoints: readonly Checkpoint[];
  readonly parked: Awaited<ReturnType<typeof readParkedLive>>;
  readonly nameOf: (table: Table<never>) => string;
}

function foldAll(events: readonly RecordedEvent[], { projection, fold, upTo, parkedFrom }: Replayed): void {
  for (const event of events) {
    const { position, ticketId } = event;
    if (position > upTo) return;
    if (position >= (parkedFrom.get(ticketId) ?? Number.POSITIVE_INFINITY)) continue;
    try {
      fold.fold(event);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      const message = `position ${position}, ticket ${ticketId}, can not be replayed to ${projection.name}: ${why}`;
      throw new Fault('projection_failed', message, { cause });
    }
  }
}

function neverProjected(name: string): Fault {
  return new Fault('projection_failed', `${name} was never projected into this database; run the projector`);
}

function ofOtherVersion(name: string, found: number, wanted: number): Fault {
  const message = `${name} was made by its version ${found}, and this release has ${wanted}; run the projector first`;
  return new Fault('projection_failed', message);
}
