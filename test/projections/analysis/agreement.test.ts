/**
 * An analysis by any filter asks the tables; analysts ask the functions. Over random histories, told late now
 * and then, both must say the same, so that no definition drifts away from the other.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Analysis } from '../../../projections/analysis/analysis.ts';
import { analyze } from '../../../projections/analysis/analyze.ts';
import {
  handoversOfChosen,
  movesOfChosen,
  sojournsOfChosen,
  variantsOfChosen,
} from '../../../projections/analysis/process-of-chosen.ts';
import type { SqlValue } from '../../../projections/sql.ts';
import { type TestDatabase, testDatabase } from '../../support/postgres.ts';
import { gold, slaRules } from '../../support/sla.ts';
import { monday9 } from '../../support/tickets.ts';
import { project } from '../databases.ts';
import { randomHistory } from '../histories.ts';

const seed = 20_260_302;
/** A history of a minute becomes one of a week. */
const slowness = 10_000;
const [from, to] = ['2026-03-03', '2026-03-07'];
const instants = [`${from}T00:00:00Z`, '2026-03-08T00:00:00Z'];
const everything: readonly SqlValue[] = [null, null, null, null, ...instants];
const days = `'${from}'::date, '${to}'::date`;

let test: TestDatabase;
let found: Analysis;

beforeAll(async () => {
  test = await testDatabase();
  const history = randomHistory({ seed, events: 6_000, liveTickets: 60, sla: slaRules(gold) });
  const events = history.map((event) => {
    const recordedAt = monday9 + (event.recordedAt - monday9) * slowness;
    return { ...event, recordedAt, occurredAt: recordedAt + event.occurredAt - event.recordedAt };
  });
  await project(test.database, events);
  found = await analyze(test.database, { from, to });
});
afterAll(() => test.drop());

async function rows(text: string, values: readonly SqlValue[] = []): Promise<readonly string[]> {
  const answer = await test.database.query<{ row: string }>(
    `SELECT to_jsonb(listed)::text AS row FROM (${text}) AS listed ORDER BY 1`,
    values,
  );
  return answer.map(({ row }) => row);
}

describe('the process of chosen tickets', () => {
  it.each([
    [
      'moves',
      movesOfChosen,
      `SELECT workflow, from_status, to_status, sum(moves)::bigint AS moves, sum(ms)::bigint AS ms,
  sum(business_ms)::bigint AS business_ms FROM docket.directly_follows(${days}) GROUP BY 1, 2, 3`,
    ],
    [
      'handovers',
      handoversOfChosen,
      `SELECT dimension, from_value, to_value, handovers, returns, ms FROM docket.handovers(${days})`,
    ],
  ])('has the %s of the function, where it chooses all', async (_, ofChosen, ofAll) => {
    const chosen = await rows(ofChosen, everything);
    expect(chosen.length).toBeGreaterThan(5);
    expect(chosen).toEqual(await rows(ofAll));
  });

  it.each([
    ['variants', variantsOfChosen, 'SELECT * FROM docket.process_variant($1, $2)'],
    ['stays', sojournsOfChosen, 'SELECT * FROM docket.sojourn_percentiles($1, $2)'],
  ])('has the %s of the function, where it chooses all', async (_, ofChosen, ofAll) => {
    const chosen = await rows(ofChosen, everything);
    expect(chosen.length).toBeGreaterThan(5);
    expect(chosen).toEqual(await rows(ofAll, instants));
  });
});

describe('durations and quality', () => {
  it('have the percentiles of the function', async () => {
    for (const { name, calendar, business } of found.durations) {
      for (const [metric, distribution] of [
        [`${name}_ms`, calendar],
        [`${name}_business_ms`, business],
      ] as const) {
        const answer = await test.database.query(
          `SELECT tickets AS count, p50, p90, p95, p99, mean
FROM docket.metric_percentiles($1, NULL, $2, $3)`,
          [metric, ...instants],
        );
        expect(answer, metric).toEqual(distribution === null ? [] : [distribution]);
      }
    }
    expect(found.durations.filter(({ calendar }) => calendar !== null).length).toBeGreaterThan(6);
  });

  it('have the sums of the functions', async () => {
    const share = (name: string) => found.quality.find((each) => each.name === name);
    const [sums] = await test.database.query<Record<string, number>>(
      `SELECT (SELECT sum(first_contact)::bigint FROM docket.first_contact_resolution(7, $1, $2)) AS first_contact,
  (SELECT sum(decided)::bigint FROM docket.first_contact_resolution(7, $1, $2)) AS decided,
  (SELECT sum(reopened)::bigint FROM docket.reopen_rate($1, $2)) AS reopened,
  (SELECT sum(reworked)::bigint FROM docket.rework($1, $2)) AS reworked,
  (SELECT sum(visits)::bigint FROM docket.rework($1, $2)) AS visits,
  (SELECT sum(resolved)::bigint FROM docket.satisfaction($1, $2)) AS resolved`,
      instants,
    );
    expect(sums?.resolved).toBeGreaterThan(50);
    expect(sums?.reopened).toBeGreaterThan(10);
    expect(share('first_contact_resolution')).toMatchObject({ part: sums?.first_contact, of: sums?.decided });
    expect(share('reopened')).toMatchObject({ part: sums?.reopened, of: sums?.resolved });
    expect(share('reworked')).toMatchObject({ part: sums?.reworked, of: sums?.resolved });
    expect(found.stations.find(({ name }) => name === 'rework_visits')?.value).toBe(sums?.visits);
  });

  it('have the promises of the function', async () => {
    const answer = await test.database.query(
      `SELECT metric, policy, policy_version AS "policyVersion", coalesce(priority, '') AS priority,
  sum(clocks)::bigint AS clocks, sum(fulfilled_in_time)::bigint AS "fulfilledInTime",
  sum(breached)::bigint AS breached
FROM docket.sla_attainment_period($1, $2) GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4`,
      instants,
    );
    expect(answer.length).toBeGreaterThan(4);
    expect(found.sla.rows).toMatchObject(answer);
  });
});

describe('what came in and out', () => {
  it('adds up over the tickets with and without a category', async () => {
    const parts = [
      await analyze(test.database, { from, to, category: 'hardware' }),
      await analyze(test.database, { from, to, category: '' }).catch(() => undefined),
    ].flatMap((each) => each ?? []);
    expect(found.days.map(({ backlog }) => backlog).every((backlog) => backlog > 0)).toBe(true);
    for (const [index, day] of found.days.entries()) {
      for (const name of ['opened', 'resolved', 'closed', 'reopened', 'backlog'] as const) {
        expect(
          parts.reduce((sum, each) => sum + (each.days[index]?.[name] ?? 0), 0),
          `${day.day} ${name}`,
        ).toBe(day[name]);
      }
    }
  });

  it('has as many reopenings as the moves say', async () => {
    const unresolved = "('new', 'open', 'pending', 'hold')";
    const [moves] = await test.database.query<{ reopened: number }>(
      `WITH status AS (SELECT DISTINCT workflow, value, status_category IN ${unresolved} AS unresolved
  FROM docket.ticket_interval WHERE dimension = 'status')
SELECT sum(moves)::bigint AS reopened FROM docket.directly_follows(${days}) AS move
JOIN status AS before ON (before.workflow, before.value) = (move.workflow, from_status)
JOIN status AS after ON (after.workflow, after.value) = (move.workflow, to_status)
WHERE after.unresolved AND NOT before.unresolved`,
    );
    expect(moves?.reopened).toBeGreaterThan(10);
    expect(found.flow.find(({ name }) => name === 'reopened')?.value).toBe(moves?.reopened);
  });
});
