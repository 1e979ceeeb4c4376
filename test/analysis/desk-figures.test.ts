/**
 * Replies, ratings, promises and throughput in the read models and by plain SQL over all that happened: at a
 * simulated desk, which is tidy, and in random histories, which are not. Half of the desk's tickets are rated
 * when they are done, and some of those once more.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MemoryLog } from '../../adapters/log/memory/memory-log.ts';
import { simulateDesk } from '../../adapters/simulation/simulate-desk.ts';
import { Engine } from '../../domain/engine.ts';
import { slaPoliciesSchema } from '../../domain/sla/policies.ts';
import { type Command, commandSchema } from '../../domain/ticket/commands.ts';
import type { RecordedEvent } from '../../domain/ticket/events.ts';
import { builtInWorkflows, defaultWorkflow } from '../../domain/workflow/registry.ts';
import type { Database } from '../../projections/sql.ts';
import { project } from '../projections/databases.ts';
import { randomHistory, seeded } from '../projections/histories.ts';
import { allEvents } from '../support/engine.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { monday9 } from '../support/tickets.ts';
import { businessMs, calendars, tellBusinessHours } from './business-hours.ts';
import { promisedReplyMs, promisedResolutionMs, promiseFigures, wordFigures } from './desk-figures.ts';
import { expectSameRows } from './same-rows.ts';

const ticketsOpened = 1_500;
const minuteMs = 60_000;
const { policies } = slaPoliciesSchema.parse({
  policies: [
    {
      name: 'promises',
      version: '1',
      targets: [
        { metric: 'first_reply', minutes: promisedReplyMs / minuteMs, hours: 'calendar' },
        { metric: 'resolution', minutes: promisedResolutionMs / minuteMs, hours: 'calendar' },
      ],
    },
  ],
});

async function simulated(): Promise<readonly RecordedEvent[]> {
  const clock = { now: () => Date.UTC(2026, 1, 1) };
  const log = new MemoryLog({ clock });
  const sla = { policies, calendars };
  const engine = new Engine({ log, clock, workflows: builtInWorkflows, defaultWorkflow, sla });
  await simulateDesk({ seed: 4, tickets: ticketsOpened, sink: engine });
  const outcomes = await engine.submit(ratingsOf(await allEvents(log)));
  expect(outcomes.every(({ status }) => status === 'accepted')).toBe(true);
  return allEvents(log);
}

/** Stretched to two weeks, in order of time. */
async function random(): Promise<readonly RecordedEvent[]> {
  const events = randomHistory({ seed: 5, events: 12_000, liveTickets: 60, eventsPerTicket: 60 });
  return events.map((event) => ({ ...event, occurredAt: monday9 + (event.recordedAt - monday9) * 5_000 }));
}

let testing: TestDatabase;
let database: Database;

beforeAll(async () => {
  testing = await testDatabase();
  database = testing.database;
  await database.execute('CREATE SCHEMA source');
  await tellBusinessHours(database);
  await database.execute(`CREATE FUNCTION source.office_ms(at timestamptz, ended_at timestamptz)
RETURNS bigint LANGUAGE sql STABLE AS $$
SELECT CASE WHEN at IS NOT NULL AND ended_at IS NOT NULL THEN ${businessMs} END
FROM (SELECT NULL::text AS grp, at, ended_at) AS piece
$$`);
});
afterAll(() => testing.drop());

/** Ratings of tickets that are resolved or closed, a day and two days after they were. */
function ratingsOf(events: Awaited<ReturnType<typeof allEvents>>): readonly Command[] {
  const random = seeded(7);
  const last = new Map(events.map((event) => [event.ticketId, event]));
  const days = [1, 2];
  return [...last.values()].flatMap(({ ticketId, state, occurredAt }) => {
    if (!/^(resolved|closed)\//.test(state) || random() < 0.5) return [];
    return days
      .filter((day) => day === 1 || random() < 0.4)
      .map((day) =>
        commandSchema.parse({
          type: 'RateTicket',
          ticketId,
          occurredAt: occurredAt + day * 86_400_000,
          actor: { id: 'requester', role: 'requester' },
          data: { rating: random() < 0.7 ? 'good' : 'bad' },
        }),
      );
  });
}

describe.each([
  {
    history: 'a simulated desk',
    events: simulated,
    figures: [...wordFigures, ...promiseFigures],
    ticketsOpened,
  },
  { history: 'random histories', events: random, figures: wordFigures, ticketsOpened: 200 },
])('$history', ({ events, figures, ticketsOpened }) => {
  beforeAll(async () => {
    await database.execute('DROP SCHEMA IF EXISTS docket, docket_data CASCADE');
    await project(database, await events(), { calendars });
    await database.execute('ANALYZE');
  }, 120_000);

  test.each(figures)('$what', async ({ readModel, recomputed, rowsAtLeast }) => {
    await expectSameRows(database, readModel, recomputed, Math.floor(rowsAtLeast * ticketsOpened));
  });
});
