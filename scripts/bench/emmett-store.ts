/**
 * Emmett's PostgreSQL event store as the peer that Docket is measured beside, on the same server and in turns
 * with it. Every append of Emmett's is a transaction of its own, open to any number of writers: another
 * service than Docket's, whose figures say what it costs to keep events this way, not who is better made.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { CommandHandler, type Event } from '@event-driven-io/emmett';
import { getPostgreSQLEventStore, type PostgresEventStore } from '@event-driven-io/emmett-postgresql';
import type { Database } from '../../projections/sql.ts';
import type { Bench } from './workspace.ts';

export const emmettClients = 20;
export const emmettBulkEvents = 500;
/** pg's pools have ten connections unless told otherwise, and Emmett does not pass the number on. */
const clientsPerPool = 10;
const applicationName = 'emmett bench';
const closeMsMax = 5_000;
const closePollMs = 10;
const warmUpMs = 500;

/** What happens to the tickets of `LiveTickets`, under Emmett's roof. */
export type TicketEvent = Event<
  'WorkStarted' | 'TicketResolved' | 'TicketReopened' | 'CommentAdded',
  { readonly at: number; readonly text?: string },
  { readonly actor: string; readonly commandId: string }
>;

interface TicketState {
  readonly status: 'open' | 'in_progress' | 'resolved';
}

const statusAfter = {
  WorkStarted: 'in_progress',
  TicketResolved: 'resolved',
  TicketReopened: 'in_progress',
} as const;

/** Emmett's own way from command to event: read the stream, fold it, decide, append at its version. */
const handle = CommandHandler<TicketState, TicketEvent>({
  initialState: () => ({ status: 'open' }),
  evolve: (state, { type }) => (type === 'CommentAdded' ? state : { status: statusAfter[type] }),
});

export class Emmett {
  readonly stores: readonly PostgresEventStore[];
  readonly #database: Database;
  readonly #signal: AbortSignal;
  /** How often each client has done something; its tickets follow from it. */
  readonly #done: number[] = new Array<number>(emmettClients).fill(0);
  #bulks = 0;

  private constructor(stores: readonly PostgresEventStore[], database: Database, signal: AbortSignal) {
    this.stores = stores;
    this.#database = database;
    this.#signal = signal;
  }

  /** With its tables made, and warm. */
  static async open({ workspace, signal }: Bench): Promise<Emmett> {
    const { server, database } = await workspace.postgres();
    const emmett = new Emmett(openEmmettStores(server.url), database, signal);
    try {
      await emmett.stores[0]?.schema.migrate();
      await emmett.handled(emmettClients, warmUpMs);
    } catch (error) {
      // Connections that are left open would be cut by the server's end, which nobody would hear.
      await emmett.close();
      throw error;
    }
    return emmett;
  }

  /** Commands per second through its command handler, one at a time by each of so many clients. */
  handled(clients: number, forMs: number): Promise<number> {
    return this.#rate(clients, forMs, (store, client) => handleNext(store, this.#nextTicket(client)));
  }

  /** Events per second in appends of one each, by each of so many clients, without decision or version. */
  appended(clients: number, forMs: number): Promise<number> {
    return this.#rate(clients, forMs, async (store, client) => {
      await store.appendToStream(this.#nextTicket(client), [comment('The second tray jams.')]);
    });
  }

  /** Events per second in appends of 500 to new streams, one at a time. */
  appendedInBulk(forMs: number): Promise<number> {
    return this.#rate(1, forMs, async (store) => {
      this.#bulks += 1;
      const events = Array.from({ length: emmettBulkEvents }, (_, index) => comment(`bulk-${index}`));
      await store.appendToStream(`bulk-${this.#bulks}`, events);
    });
  }

  /**
   * Emmett's close resolves while connections are still on their way out; one that the stopping server ends
   * would be an error that nobody hears.
   */
  async close(): Promise<void> {
    for (const store of this.stores) await store.close();
    const deadlineMs = performance.now() + closeMsMax;
    for (; performance.now() < deadlineMs; await pause(closePollMs)) {
      const left = await this.#database.query('SELECT FROM pg_stat_activity WHERE application_name LIKE $1', [
        `${applicationName} %`,
      ]);
      if (left.length === 0) return;
    }
  }

  /** Each client has tickets of its own: Emmett refuses one of two appends to a stream at the same time. */
  #nextTicket(client: number): string {
    const done = this.#done[client] ?? 0;
    this.#done[client] = done + 1;
    return `ticket-${client}-${done % ticketsPerClient}`;
  }

  /** Closed loops, counted in Emmett's table as Docket is counted in its log. */
  async #rate(
    clients: number,
    forMs: number,
    step: (store: PostgresEventStore, client: number) => Promise<void>,
  ): Promise<number> {
    const before = await messagesIn(this.#database);
    const startedAtMs = performance.now();
    const loop = async (client: number): Promise<void> => {
      const store = this.stores[Math.floor(client / clientsPerPool)];
      if (store === undefined) throw new Error('bug: more clients than connections');
      while (performance.now() - startedAtMs < forMs && !this.#signal.aborted) await step(store, client);
    };
    await Promise.all(Array.from({ length: clients }, (_, client) => loop(client)));
    const seconds = (performance.now() - startedAtMs) / 1_000;
    this.#signal.throwIfAborted();
    return ((await messagesIn(this.#database)) - before) / seconds;
  }
}

/** All that Emmett has stored there. */
export async function messagesIn(database: Database): Promise<number> {
  const sql = 'SELECT count(*) AS messages FROM emt_messages';
  const [row] = await database.query<{ messages: number }>(sql);
  return row?.messages ?? 0;
}

/** Their streams grow, and each command reads its ticket's; this many keep them as short as Docket's are. */
const ticketsPerClient = 5_000;

/** One legal step of a ticket through the command handler: work starts, is resolved, reopened, and so on. */
export async function handleNext(store: PostgresEventStore, stream: string): Promise<void> {
  await handle(store, stream, ({ status }) => {
    if (status === 'open') return eventOf('WorkStarted');
    return eventOf(status === 'resolved' ? 'TicketReopened' : 'TicketResolved');
  });
}

export async function handleComment(store: PostgresEventStore, stream: string, text: string): Promise<void> {
  await handle(store, stream, () => comment(text));
}

/** For `emmettClients` clients. */
export function openEmmettStores(url: string): readonly PostgresEventStore[] {
  return Array.from({ length: emmettClients / clientsPerPool }, (_, pool) => openEmmettStore(url, pool));
}

export function openEmmettStore(url: string, pool = 0): PostgresEventStore {
  const own = new URL(url);
  // Emmett shares one pool among stores with the same URL.
  own.searchParams.set('application_name', `${applicationName} ${process.pid} ${pool}`);
  return getPostgreSQLEventStore(own.href, { schema: { autoMigration: 'None' } });
}

/** A ticket's life: work starts, and then it is resolved and reopened in turn. */
export function eventsOfTicket(events: number): TicketEvent[] {
  return Array.from({ length: events }, (_, index) => {
    if (index === 0) return eventOf('WorkStarted');
    return eventOf(index % 2 === 1 ? 'TicketResolved' : 'TicketReopened');
  });
}

function eventOf(type: TicketEvent['type']): TicketEvent {
  return { type, data: { at: Date.now() }, metadata };
}

function comment(text: string): TicketEvent {
  return { type: 'CommentAdded', data: { at: Date.now(), text }, metadata };
}

const metadata = { actor: 'svc-desk', commandId: 'bench' };
