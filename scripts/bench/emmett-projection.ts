/**
 * Emmett's own way from events to rows: one document per ticket, kept by its projector from its event store,
 * in a database of its own. One read model, where Docket keeps all of its own; it says what a team gets that
 * begins with what the library offers.
 */
import type { ReadEventMetadataWithGlobalPosition } from '@event-driven-io/emmett';
import {
  type PostgresEventStore,
  pongoSingleStreamProjection,
  rebuildPostgreSQLProjections,
} from '@event-driven-io/emmett-postgresql';
import type { Database } from '../../projections/sql.ts';
import { eventsOfTicket, openEmmettStore, type TicketEvent } from './emmett-store.ts';
import type { Bench } from './workspace.ts';

const databaseName = 'emmett_projection';
export const emmettEventsPerTicket = 10;

/** A type, because Pongo wants documents to have any other field too, which interfaces have not. */
type TicketDocument = { status: string; events: number };

const projection = pongoSingleStreamProjection<
  TicketDocument,
  TicketEvent,
  ReadEventMetadataWithGlobalPosition,
  TicketEvent
>({
  collectionName: 'ticket',
  canHandle: ['WorkStarted', 'TicketResolved', 'TicketReopened', 'CommentAdded'],
  initialState: () => ({ status: 'open', events: 0 }),
  evolve: ({ events }: TicketDocument, { type }: TicketEvent) => ({ status: type, events: events + 1 }),
});

export class EmmettProjection {
  readonly #database: Database;
  readonly #store: PostgresEventStore;
  readonly #url: string;
  readonly #events: number;

  private constructor(database: Database, url: string, events: number) {
    this.#database = database;
    this.#url = url;
    this.#store = openEmmettStore(url);
    this.#events = events;
  }

  /** With so many events in its store. */
  static async open({ workspace, signal }: Bench, events: number): Promise<EmmettProjection> {
    const { server, database } = await workspace.postgres();
    await database.execute(`DROP DATABASE IF EXISTS ${databaseName} WITH (FORCE)`);
    await database.execute(`CREATE DATABASE ${databaseName}`);
    const url = new URL(server.url);
    url.pathname = `/${databaseName}`;
    const opened = new EmmettProjection(database, url.href, events);
    try {
      await opened.#store.schema.migrate();
      for (let ticket = 0; ticket * emmettEventsPerTicket < events; ticket += 1) {
        signal.throwIfAborted();
        await opened.#store.appendToStream(`ticket-${ticket}`, eventsOfTicket(emmettEventsPerTicket));
      }
    } catch (error) {
      await opened.close();
      throw error;
    }
    return opened;
  }

  /** Events per second from its beginning to its end, documents emptied before. */
  async rate(): Promise<number> {
    const consumer = rebuildPostgreSQLProjections<TicketEvent>({
      connectionString: this.#url,
      projections: [projection],
    });
    const startedAtMs = performance.now();
    try {
      await consumer.start();
      return (this.#events * 1_000) / (performance.now() - startedAtMs);
    } finally {
      await consumer.close();
    }
  }

  async close(): Promise<void> {
    await this.#store.close();
    await this.#database.execute(`DROP DATABASE IF EXISTS ${databaseName} WITH (FORCE)`);
  }
}
