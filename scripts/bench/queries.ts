/**
 * How long the typical questions of analysts and dashboards take, with read models of many events loaded. The
 * rows are made by PostgreSQL itself (query-rows.ts), so that ten million events take minutes and no log.
 */
import { openDatabase } from '../../adapters/postgres/database.ts';
import { everyHourCounts } from '../../domain/metrics/calendars.ts';
import { builtInWorkflows } from '../../domain/workflow/registry.ts';
import { runProjector } from '../../projections/projector.ts';
import { analystViews, readModels } from '../../projections/read-models.ts';
import type { Database, Session } from '../../projections/sql.ts';
import { dataSchemaName, literal, schemaName } from '../../projections/table.ts';
import { note } from '../cli/output.ts';
import { systemClock } from '../runtime/system.ts';
import { typicalQueries } from './query-list.ts';
import { eventsPerTicket, historyStatements, workSchema } from './query-rows.ts';
import { ticketStatements } from './query-ticket-rows.ts';
import { count, type Figure, repeated, type Section } from './report.ts';
import type { Bench } from './workspace.ts';

const runs = 5;
const dayMs = 86_400_000;

export async function queriesSection({ workspace, queryEvents, signal }: Bench): Promise<Section> {
  const { server } = await workspace.postgres();
  // Rows of ten million events take longer than statements may in production.
  const database = openDatabase(server.url, { applicationName: 'docket bench', statementMsMax: 0 });
  try {
    const { seconds, endsAt } = await fillReadModels(database, queryEvents, signal);
    const figures: Figure[] = [];
    for (const query of typicalQueries) {
      signal.throwIfAborted();
      const { median, highest } = repeated(await timesOf(database, withMonth(query.text, endsAt)));
      const conditions = `median of ${runs}, slowest ${highest.toFixed(1)} ms; bar ${query.barMs} ms`;
      figures.push({ what: query.what, value: median, unit: 'ms', conditions });
    }
    const tickets = count(queryEvents / eventsPerTicket);
    const notes = [
      `${count(queryEvents)} events of ${tickets} tickets over one year, 50 groups, 300 agents; made by PostgreSQL in` +
        ` ${seconds.toFixed(0)} s, then VACUUM ANALYZE; one month by group unless the name says otherwise`,
      'the time is that of a client on the same machine, rows received; the first of the runs finds cold caches',
    ];
    return { title: '10. queries: what analysts and dashboards ask', figures, notes };
  } finally {
    await database.close();
  }
}

/** Makes empty read models, fills them with rows of so many events, and answers when the newest is. */
export async function fillReadModels(
  database: Database,
  events: number,
  signal: AbortSignal,
): Promise<{ readonly seconds: number; readonly endsAt: number }> {
  const startedAtMs = performance.now();
  await database.execute(`DROP SCHEMA IF EXISTS ${schemaName}, ${dataSchemaName} CASCADE`);
  await makeTables(database, signal);
  const endsAt = Date.now();
  const session = await database.session();
  try {
    await session.execute("SET work_mem = '256MB'");
    const statements = [...historyStatements(events, new Date(endsAt).toISOString()), ...ticketStatements];
    for (const statement of statements) await run(session, statement, signal);
    await session.execute(`DROP SCHEMA ${workSchema} CASCADE`);
    await session.execute('VACUUM ANALYZE');
  } finally {
    await session.close();
  }
  return { seconds: (performance.now() - startedAtMs) / 1_000, endsAt };
}

/** The query for the month between 60 and 30 days before the end. */
export function withMonth(text: string, endsAt: number): string {
  const day = (ago: number) => {
    const start = Math.floor(endsAt / dayMs) * dayMs - ago * dayMs;
    return `${literal(new Date(start).toISOString())}::timestamptz`;
  };
  return text.replaceAll('$from', day(60)).replaceAll('$to', day(30));
}

/** A projector of an empty log makes everything and projects nothing. */
async function makeTables(database: Database, signal: AbortSignal): Promise<void> {
  await runProjector({
    reader: {
      partitions: 1,
      async *read() {},
      readTicket: async () => [],
      head: async () => 0,
      close: async () => undefined,
    },
    database,
    workflows: builtInWorkflows,
    calendars: everyHourCounts,
    projections: readModels,
    views: analystViews,
    clock: systemClock,
    owner: 'docket bench',
    signal,
    untilCaughtUp: true,
  });
}

async function run(session: Session, statement: string, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const startedAtMs = performance.now();
  await session.execute(statement);
  const seconds = (performance.now() - startedAtMs) / 1_000;
  const [what = ''] = statement.split(/[\n(]/, 1);
  if (seconds > 5) note(`  ${what.trim()}: ${seconds.toFixed(0)} s`);
}

async function timesOf(database: Database, text: string): Promise<readonly number[]> {
  const times: number[] = [];
  for (let round = 0; round < runs; round += 1) {
    const startedAtMs = performance.now();
    await database.query(text);
    times.push(performance.now() - startedAtMs);
  }
  return times;
}
