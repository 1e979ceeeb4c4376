/** Each view and function for analysts, on a real PostgreSQL, against figures worked out by hand. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { analystViews } from '../../../projections/read-models.ts';
import type { SqlValue } from '../../../projections/sql.ts';
import { type TestDatabase, testDatabase } from '../../support/postgres.ts';
import { monday9 } from '../../support/tickets.ts';
import { project } from '../databases.ts';
import { at, hour, story } from './story.ts';

let test: TestDatabase;

beforeAll(async () => {
  test = await testDatabase();
  await project(test.database, story(Date.now()));
});
afterAll(() => test.drop());

const week = [at(0), at(100)];
const monday = ['2026-03-02', '2026-03-02'];

function ask(text: string, values: readonly SqlValue[] = []): Promise<readonly object[]> {
  return test.database.query(text, values);
}

describe('every view and function', () => {
  it.each(analystViews.map((each) => [each.name, each] as const))(
    '%s has the columns it declares, each with a meaning',
    async (name, relation) => {
      const [found] = await test.database.query<{ names: string[]; meaning: string; meanings: number }>(
        relation.kind === 'view'
          ? `SELECT array_agg(attname::text ORDER BY attnum) AS names, obj_description(attrelid, 'pg_class') AS meaning,
  count(col_description(attrelid, attnum)) AS meanings
FROM pg_attribute WHERE attrelid = 'docket.${name}'::regclass AND attnum > 0 GROUP BY attrelid`
          : `SELECT proargnames[pronargs + 1:]::text[] AS names, obj_description(oid, 'pg_proc') AS meaning,
  cardinality(proargnames) - pronargs AS meanings
FROM pg_proc WHERE oid = 'docket.${name}(${relation.signature})'::regprocedure`,
      );
      expect(found?.names).toEqual(Object.keys(relation.columns));
      expect(found?.meanings).toBe(found?.names.length);
      expect(found?.meaning).toContain(relation.meaning);
    },
  );
});

describe('percentiles', () => {
  const percentiles = 'SELECT * FROM docket.metric_percentiles($1, $2, $3, $4)';

  it('are of raw durations, by the group', async () => {
    expect(await ask(percentiles, ['full_resolution_ms', 'assigned_group', ...week])).toEqual([
      {
        value: 'desk',
        tickets: 2,
        p50: 25.5 * hour,
        p90: expect.closeTo(36.3 * hour),
        p95: expect.closeTo(37.65 * hour),
        p99: expect.closeTo(38.73 * hour),
        mean: 25.5 * hour,
      },
      {
        value: 'network',
        tickets: 2,
        p50: 4.5 * hour,
        p90: expect.closeTo(5.7 * hour),
        p95: expect.closeTo(5.85 * hour),
        p99: expect.closeTo(5.97 * hour),
        mean: 4.5 * hour,
      },
    ]);
  });

  it('without a dimension are of all tickets, and no means of parts', async () => {
    const rows = await ask(percentiles, ['full_resolution_ms', null, ...week]);
    expect(rows).toMatchObject([{ value: null, tickets: 4, p50: 9 * hour, mean: 15 * hour }]);
  });

  it('of replies are of the tickets opened in the period, others of those resolved in it', async () => {
    const late = [at(51), at(55)];
    const reply = await ask(percentiles, ['first_reply_ms', null, ...late]);
    expect(reply).toMatchObject([{ tickets: 1, p50: 2 * hour }]);
    const resolution = await ask(percentiles, ['first_resolution_ms', null, ...late]);
    expect(resolution).toMatchObject([{ tickets: 1, p50: 3 * hour }]);
  });

  it('know the sums that have a name, and leave out what was never measured', async () => {
    // T-1 waited 1 h in new and 3 h in open; the others were never pending: 25 (open twice), 3 and 6 hours.
    expect(await ask(percentiles, ['requester_wait_ms', 'waited', ...week])).toMatchObject([
      { value: 'false', tickets: 3, p50: 6 * hour },
      { value: 'true', tickets: 1, p50: 4 * hour },
    ]);
    expect(await ask(percentiles, ['next_reply_ms', null, ...week])).toEqual([]);
  });

  it.each([
    ['nonsense_ms', null, /there is no metric nonsense_ms/, /full_resolution_ms/],
    [null, null, /there is no metric NULL/, /full_resolution_ms/],
    ['full_resolution_ms', "x' OR true", /there is no dimension x' OR true/, /assigned_group/],
    ['full_resolution_ms', 'ticket_id', /there is no dimension ticket_id/, /assigned_group/],
  ])('refuse %s by %s, and say what there is', async (metric, dimension, message, hint) => {
    await expect(ask(percentiles, [metric, dimension, ...week])).rejects.toMatchObject({
      message: expect.stringMatching(message),
      hint: expect.stringMatching(hint),
    });
  });
});

describe('the process', () => {
  it('directly_follows counts the moves of days, and how long the status before took', async () => {
    const moves = (from: string, to: string, times: number, share: number, hours: number) => ({
      workflow: 'support@1',
      assigned_group: 'desk',
      from_status: from,
      to_status: to,
      moves: times,
      share: expect.closeTo(share),
      ms: hours * hour,
      business_ms: hours * hour,
      mean_ms: (hours * hour) / times,
      mean_business_ms: (hours * hour) / times,
    });
    expect(await ask('SELECT * FROM docket.directly_follows($1, $2) ORDER BY 3, 4', monday)).toEqual([
      moves('new', 'open', 2, 1, 2),
      moves('open', 'pending', 1, 1 / 3, 1),
      moves('open', 'resolved', 2, 2 / 3, 6),
      moves('pending', 'open', 1, 1, 8),
      moves('resolved', 'closed', 1, 1, 2),
    ]);
  });

  it('process_variant tells the ways, the most frequent first', async () => {
    const way = (status_path: string, tickets: number, cumulative: number, median_ms: number | null) => ({
      workflow: 'support@1',
      status_path,
      tickets,
      share: expect.closeTo(tickets / 6),
      cumulative_share: expect.closeTo(cumulative / 6),
      median_ms,
    });
    const rows = await ask('SELECT * FROM docket.process_variant($1, $2)', week);
    expect(rows[0]).toEqual(way('new>open>resolved', 2, 2, 4.5 * hour));
    expect(rows).toHaveLength(5);
    // Ways of the same frequency are in order of the alphabet, whichever the server has.
    const single = rows.slice(1).map((row) => ({ ...row, cumulative_share: 0 }));
    const once = (path: string, median: number | null) => ({
      ...way(path, 1, 0, median),
      cumulative_share: 0,
    });
    expect(single).toEqual(
      expect.arrayContaining([
        once('new', null),
        once('new>cancelled', null),
        once('new>open>pending>open>resolved>closed', 12 * hour),
        once('new>open>resolved>open>resolved', 39 * hour),
      ]),
    );
    expect(rows.map((row) => 'cumulative_share' in row && row.cumulative_share)).toEqual(
      [2, 3, 4, 5, 6].map((tickets) => expect.closeTo(tickets / 6)),
    );
  });

  it('process_variant can be asked of one workflow or group', async () => {
    const chosen = 'SELECT status_path, share FROM docket.process_variant($1, $2, $3, $4)';
    const network = await ask(chosen, [...week, 'support@1', 'network']);
    expect(network).toEqual([{ status_path: 'new>open>resolved', share: 1 }]);
    expect(await ask(chosen, [...week, 'incident@1', null])).toEqual([]);
  });

  it('sojourn_percentiles are of the stays that began in the period and have ended', async () => {
    const text = 'SELECT status, stays, p50, mean FROM docket.sojourn_percentiles($1, $2) ORDER BY status';
    expect(await ask(text, [at(0), at(15)])).toEqual([
      { status: 'new', stays: 2, p50: hour, mean: hour },
      { status: 'open', stays: 3, p50: 2 * hour, mean: expect.closeTo((7 / 3) * hour) },
      { status: 'pending', stays: 1, p50: 8 * hour, mean: 8 * hour },
      { status: 'resolved', stays: 2, p50: 8 * hour, mean: 8 * hour },
    ]);
    const network = 'SELECT status, stays FROM docket.sojourn_percentiles($1, $2, $3)';
    expect(await ask(network, [...week, 'network'])).toEqual([{ status: 'open', stays: 2 }]);
  });

  it('handovers and ping_pong tell who gave tickets to whom, and who got them back', async () => {
    const of = (dimension: string, from_value: string, to_value: string, returns: number, hours: number) => {
      const ms = hours * hour;
      return { dimension, from_value, to_value, handovers: 1, returns, ms, mean_ms: ms };
    };
    expect(await ask('SELECT * FROM docket.handovers($1, $2) ORDER BY 1, 2', monday)).toEqual([
      of('assignee', 'ada', 'bea', 0, 1),
      of('assignee', 'bea', 'ada', 1, 2),
      of('group', 'desk', 'network', 0, 1),
      of('group', 'network', 'desk', 1, 2),
    ]);
    expect(await ask('SELECT * FROM docket.ping_pong($1, $2) ORDER BY 1', monday)).toEqual([
      { dimension: 'assignee', one: 'ada', other: 'bea', handovers: 2, returns: 1 },
      { dimension: 'group', one: 'desk', other: 'network', handovers: 2, returns: 1 },
    ]);
    expect(await ask('SELECT * FROM docket.handovers($1, $2)', ['2026-03-03', '2026-03-09'])).toEqual([]);
  });
});

describe('quality', () => {
  it('rework counts the statuses that tickets came back to', async () => {
    const rows = await ask('SELECT * FROM docket.rework($1, $2) ORDER BY assigned_group', week);
    const of = { workflow: 'support@1', tickets: 2 };
    expect(rows).toEqual([
      { ...of, assigned_group: 'desk', reworked: 2, visits: 3, visits_most: 2, rate: 1 },
      { ...of, assigned_group: 'network', reworked: 0, visits: 0, visits_most: 0, rate: 0 },
    ]);
  });

  it('reopen_rate is of the tickets first resolved in a month', async () => {
    expect(await ask('SELECT * FROM docket.reopen_rate($1, $2) ORDER BY assigned_group', week)).toEqual([
      { month: '2026-03-01', assigned_group: 'desk', resolved: 2, reopened: 1, reopens: 1, rate: 0.5 },
      { month: '2026-03-01', assigned_group: 'network', resolved: 2, reopened: 0, reopens: 0, rate: 0 },
    ]);
  });

  it('reopen_rate has the months of its zone', async () => {
    const resolve = "UPDATE docket.ticket_metrics SET first_resolved_at = $1 WHERE ticket_id = 'T-4'";
    const months = 'SELECT DISTINCT month FROM docket.reopen_rate($1, $2, $3) ORDER BY month';
    const period = ['2026-03-01', '2026-05-01'];
    // Half past ten in the evening of the last of March is April already in Berlin, two hours ahead by then.
    await test.database.execute(resolve, ['2026-03-31T22:30Z']);
    expect(await ask(months, [...period, 'UTC'])).toEqual([{ month: '2026-03-01' }]);
    const berlin = await ask(months, [...period, 'Europe/Berlin']);
    expect(berlin).toEqual([{ month: '2026-03-01' }, { month: '2026-04-01' }]);
    await test.database.execute(resolve, [at(53)]);
  });

  it('first_contact_resolution asks for one touch, no reopening, and nothing new of the same kind', async () => {
    const text = 'SELECT * FROM docket.first_contact_resolution($1, $2, $3) ORDER BY assigned_group';
    const network = { assigned_group: 'network', resolved: 2, decided: 2, first_contact: 2, rate: 1 };
    expect(await ask(text, [7, ...week])).toEqual([
      { assigned_group: 'desk', resolved: 2, decided: 2, first_contact: 0, rate: 0 },
      network,
    ]);
    // Rita came back after 48 hours: within two days, to the millisecond, and not within one.
    expect(await ask(text, [2, ...week])).toMatchObject([{ first_contact: 0 }, network]);
    expect(await ask(text, [1, ...week])).toMatchObject([{ first_contact: 1, rate: 0.5 }, network]);
  });

  it('first_contact_resolution leaves open what may still go wrong', async () => {
    const text = 'SELECT * FROM docket.first_contact_resolution(50000, $1, $2) ORDER BY assigned_group';
    expect(await ask(text, week)).toEqual([
      { assigned_group: 'desk', resolved: 2, decided: 2, first_contact: 0, rate: 0 },
      { assigned_group: 'network', resolved: 2, decided: 0, first_contact: 0, rate: null },
    ]);
  });

  it('satisfaction tells first and latest rating apart', async () => {
    const rate = 'UPDATE docket.ticket_metrics SET first_rating = $2, last_rating = $3 WHERE ticket_id = $1';
    await test.database.execute(rate, ['T-1', 'good', 'bad']);
    await test.database.execute(rate, ['T-4', 'good', 'good']);
    const both = { resolved: 2, rated: 1, first_good: 1, bad_to_good: 0, first_score: 1, response_rate: 0.5 };
    expect(await ask('SELECT * FROM docket.satisfaction($1, $2) ORDER BY assigned_group', week)).toEqual([
      { ...both, assigned_group: 'desk', last_good: 0, good_to_bad: 1, score: 0 },
      { ...both, assigned_group: 'network', last_good: 1, good_to_bad: 0, score: 1 },
    ]);
  });
});

describe('the desk now', () => {
  it('backlog_now and ticket_age hold the unresolved tickets', async () => {
    expect(await ask('SELECT * FROM docket.backlog_now')).toEqual([
      {
        workflow: 'support@1',
        assigned_group: '',
        priority: 'high',
        status_category: 'new',
        tickets: 1,
        unassigned: 1,
        oldest_opened_at: monday9 + 60 * hour,
      },
    ]);
    const [age] = await test.database.query<{ age_ms: number }>('SELECT * FROM docket.ticket_age');
    expect(age).toMatchObject({ ticket_id: 'T-3', status: 'new', age_bucket: '90 days and more' });
    expect(Math.abs((age?.age_ms ?? 0) - (Date.now() - monday9 - 60 * hour))).toBeLessThan(60_000);
  });

  it('workloads are told by agent and by group', async () => {
    const none = { workflow: 'support@1', unresolved: 0, new: 0, open: 0, pending: 0, hold: 0, cancelled: 0 };
    expect(await ask('SELECT * FROM docket.agent_workload_now ORDER BY agent')).toEqual([
      { ...none, agent: 'ada', resolved: 1, closed: 1 },
      { ...none, agent: 'bea', resolved: 2, closed: 0 },
    ]);
    expect(await ask('SELECT * FROM docket.group_workload_now ORDER BY assigned_group')).toEqual([
      { ...none, assigned_group: 'desk', resolved: 1, closed: 1 },
      { ...none, assigned_group: 'network', resolved: 2, closed: 0 },
    ]);
  });

  it('sla_due_soon tells the clocks that are due soon, and no others', async () => {
    const insert = `INSERT INTO docket.sla_clock (ticket_id, clock, metric, policy, policy_version, business, target_ms,
  state, started_at, due_at, paused_ms, breached_at, workflow, position)
VALUES ($1, 'resolution#1', 'resolution', 'gold', '2', false, 1, $2, now(), now() + $3::interval, 0, $4, 'support@1', 1)`;
    for (const [ticket, state, due, breached] of [
      ['T-3', 'running', '30 minutes', null],
      ['T-2', 'running', '-1 minute', null],
      ['T-1', 'running', '2 hours', null],
      ['T-4', 'fulfilled', '30 minutes', null],
      ['T-6', 'running', '-1 hour', '2026-03-03'],
    ] as const) {
      await test.database.execute(insert, [ticket, state, due, breached]);
    }
    const rows = await test.database.query<{ ms_left: number }>(
      'SELECT * FROM docket.sla_due_soon ORDER BY due_at',
    );
    expect(rows).toMatchObject([{ ticket_id: 'T-2' }, { ticket_id: 'T-3', policy: 'gold' }]);
    expect(rows[0]?.ms_left).toBeLessThanOrEqual(-60_000);
    expect(rows[1]?.ms_left).toBeGreaterThan(25 * 60_000);
  });

  it('transitions_now counts the last hour and minute by commit time', async () => {
    const text =
      'SELECT type, state, last_hour, last_minute FROM docket.transitions_now ORDER BY type, state';
    expect(await ask(text)).toEqual([
      { type: 'CommentAdded', state: 'open', last_hour: 2, last_minute: 0 },
      { type: 'RequesterAwaited', state: 'pending', last_hour: 1, last_minute: 0 },
      { type: 'RequesterReplied', state: 'open', last_hour: 1, last_minute: 0 },
      { type: 'ResolutionConfirmed', state: 'closed', last_hour: 1, last_minute: 0 },
      { type: 'TicketAssigned', state: 'open', last_hour: 6, last_minute: 0 },
      { type: 'TicketCancelled', state: 'cancelled', last_hour: 1, last_minute: 1 },
      { type: 'TicketOpened', state: 'new', last_hour: 6, last_minute: 0 },
      { type: 'TicketReopened', state: 'open', last_hour: 1, last_minute: 0 },
      { type: 'TicketResolved', state: 'resolved', last_hour: 5, last_minute: 0 },
    ]);
  });

  it('desk_now is one row with all of it', async () => {
    expect(await ask('SELECT * FROM docket.desk_now')).toEqual([
      {
        unresolved: 1,
        new: 1,
        open: 0,
        pending: 0,
        hold: 0,
        unassigned: 1,
        oldest_unassigned: 'T-3',
        oldest_unassigned_ms: expect.any(Number),
        transitions_last_minute: 1,
        transitions_last_hour: 24,
        opened_last_hour: 6,
        resolved_last_hour: 5,
        sla_at_risk: 2,
        newest_transition_at: expect.any(Number),
      },
    ]);
  });

  it('desk_now is one row of nothing before anything has happened', async () => {
    const empty = await testDatabase();
    await project(empty.database, []);
    expect(await empty.database.query('SELECT * FROM docket.desk_now')).toMatchObject([
      { unresolved: 0, oldest_unassigned: null, oldest_unassigned_ms: null, transitions_last_hour: 0 },
    ]);
    await empty.drop();
  });
});

describe('SLA', () => {
  it('sla_attainment_period is by the group that had the ticket, late or not', async () => {
    const insert = `INSERT INTO docket.sla_clock (ticket_id, clock, metric, policy, policy_version, business, target_ms,
  state, started_at, due_at, paused_ms, breached_at, workflow, assigned_group, position)
VALUES ($1, 'first_reply#1', 'first_reply', 'gold', '2', false, 1, $2, $3, $4, 0, $5, 'support@1', $6, 1)`;
    for (const [ticket, state, started, breached, group] of [
      ['T-1', 'fulfilled', 0, null, 'desk'],
      ['T-2', 'fulfilled', 1, at(2), 'desk'],
      ['T-3', 'running', 60, null, null],
      ['T-4', 'fulfilled', 50, null, 'network'],
      ['T-5', 'cancelled', 51, null, 'network'],
      ['T-6', 'fulfilled', 200, null, 'network'],
    ] as const) {
      await test.database.execute(insert, [ticket, state, at(started), at(started + 1), breached, group]);
    }
    const of = { policy: 'gold', policy_version: '2', metric: 'first_reply', priority: null };
    expect(
      await ask('SELECT * FROM docket.sla_attainment_period($1, $2) ORDER BY assigned_group', week),
    ).toEqual([
      { ...of, assigned_group: 'desk', clocks: 2, fulfilled_in_time: 1, breached: 1, attainment: 0.5 },
      { ...of, assigned_group: 'network', clocks: 2, fulfilled_in_time: 1, breached: 0, attainment: 1 },
      // Nobody has recorded it yet, but its deadline has passed.
      { ...of, assigned_group: null, clocks: 1, fulfilled_in_time: 0, breached: 1, attainment: 0 },
    ]);
  });
});

describe('sla_event', () => {
  it('is what the log says of clocks', async () => {
    const data = { clock: 'first_reply#1', dueAt: monday9 + 61 * hour };
    await test.database.execute(
      `INSERT INTO docket.ticket_event (ticket_id, revision, partition, position, type, workflow, status,
  status_category, occurred_at, recorded_at, actor_id, actor_role, data)
VALUES ('T-3', 2, 0, 100, 'SlaBreached', 'support@1', 'new', 'new', $1, $2, 'sla', 'system', $3)`,
      [at(61), at(62), data],
    );
    expect(await ask('SELECT * FROM docket.sla_event')).toEqual([
      {
        ticket_id: 'T-3',
        revision: 2,
        type: 'SlaBreached',
        clock: 'first_reply#1',
        occurred_at: monday9 + 61 * hour,
        recorded_at: monday9 + 62 * hour,
        due_at: monday9 + 61 * hour,
        elapsed_ms: null,
        data,
      },
    ]);
  });
});
