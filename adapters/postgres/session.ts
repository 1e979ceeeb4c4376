/**
 * One connection of its own: the `Session` of projections/sql.ts, by pg. It must never be used on after an
 * error that did not come from the server: what the server makes of its last statement is then unknown.
 */
import pg, { type ClientConfig } from 'pg';
import type { Prepared, Session, SqlValue } from '../../projections/sql.ts';
import { asFault } from './failures.ts';
import { toParameter } from './values.ts';

/** How much longer than the server may take for a statement we wait for its answer. */
const answerMsMore = 10_000;

export async function openSession(config: ClientConfig, place: string): Promise<Session> {
  const serverMsMax = Number(config.statement_timeout || 0);
  const client = new pg.Client({
    ...config,
    ...(serverMsMax > 0 ? { query_timeout: serverMsMax + answerMsMore } : {}),
  });
  const session = new PgSession(client, place);
  try {
    await client.connect();
    return session;
  } catch (error) {
    await session.close();
    throw asFault(error, place);
  }
}

class PgSession implements Session {
  readonly ended: Promise<void>;
  readonly #client: pg.Client;
  readonly #place: string;
  #closing: Promise<void> | undefined;

  constructor(client: pg.Client, place: string) {
    this.#client = client;
    this.#place = place;
    this.ended = new Promise((resolve) => void client.once('end', resolve));
    // The loss reaches whoever waits for a statement, and `ended`; unheard it would end the process.
    client.on('error', () => undefined);
  }

  async query<Row extends object>(text: string, values: readonly SqlValue[] = []): Promise<readonly Row[]> {
    return (await this.#run({ text, values: values.map(toParameter) })).rows as Row[];
  }

  async execute(text: string, values: readonly SqlValue[] = []): Promise<number> {
    return (await this.#run({ text, values: values.map(toParameter) })).rowCount ?? 0;
  }

  async prepared<Row extends object>(
    { name, text }: Prepared,
    values: readonly SqlValue[],
  ): Promise<readonly Row[]> {
    return (await this.#run({ name, text, values: values.map(toParameter) })).rows as Row[];
  }

  async listen(channel: string, heard: (payload: string) => void): Promise<void> {
    this.#client.on('notification', (message) => {
      if (message.channel === channel) heard(message.payload ?? '');
    });
    await this.execute(`LISTEN ${pg.escapeIdentifier(channel)}`);
  }

  close(): Promise<void> {
    this.#closing ??= this.#client.end().catch(() => undefined);
    return this.#closing;
  }

  async #run(query: pg.QueryConfig): Promise<pg.QueryResult> {
    try {
      return await this.#client.query(query);
    } catch (error) {
      if (!(error instanceof pg.DatabaseError)) await this.close();
      throw asFault(error, this.#place);
    }
  }
}
