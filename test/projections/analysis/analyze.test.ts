/** An analysis of a desk of six tickets, on a real PostgreSQL, against figures worked out by hand. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Analysis, AnalysisFilter } from '../../../projections/analysis/analysis.ts';
import { analyze } from '../../../projections/analysis/analyze.ts';
import { type TestDatabase, testDatabase } from '../../support/postgres.ts';
import { project } from '../databases.ts';
import { hour, story } from '../views/story.ts';

let test: TestDatabase;
let all: Analysis;
const events = story(Date.now());

beforeAll(async () => {
  test = await testDatabase();
  await project(test.database, events);
  all = await analyze(test.database, {});
});
afterAll(() => test.drop());

const ask = (filter: AnalysisFilter) => analyze(test.database, filter);
const values = (analysis: Analysis) =>
  Object.fromEntries(analysis.flow.map(({ name, value }) => [name, value]));
const parts = (analysis: Analysis) =>
  Object.fromEntries(analysis.quality.map(({ name, part, of }) => [name, `${part} of ${of}`]));

describe('the period', () => {
  it('is all that is known, as of the last event', () => {
    const known = { firstDay: '2026-03-02', lastDay: '2026-03-05' };
    expect(all.period).toEqual({ ...known, known, cut: false });
    expect(all.asOf.map(({ projection }) => projection)).toEqual([
      'sla_clock',
      'ticket',
      'ticket_interval',
      'ticket_metrics',
    ]);
    expect(all.asOf.every(({ position, parked }) => position === events.length && parked === 0)).toBe(true);
    expect(all.empty).toBe(false);
  });

  it('of which nothing is known is empty, and says what is known', async () => {
    const later = await ask({ from: '2027-01-01', to: '2027-01-31', group: 'desk' });
    expect(later.empty).toBe(true);
    expect(later.period).toMatchObject({ known: { firstDay: '2026-03-02', lastDay: '2026-03-04' } });
    expect(later.durations.every(({ calendar }) => calendar === null)).toBe(true);
    expect(later.days).toHaveLength(31);
  });

  it('that begins after what is known is its first day', async () => {
    expect((await ask({ from: '2027-01-01' })).period).toMatchObject({
      firstDay: '2027-01-01',
      lastDay: '2027-01-01',
    });
  });

  it.each([
    [{ from: '2026-02-30' }, /--from "2026-02-30" is no day; write it as YYYY-MM-DD/],
    [{ to: 'yesterday' }, /--to "yesterday" is no day/],
    [{ from: '2026-03-05', to: '2026-03-04' }, /--to 2026-03-04 is before --from 2026-03-05/],
    [{ from: '1900-01-01' }, /at most 3659/],
    [{ group: 'dosk' }, /--group "dosk": no ticket has it; there are '' \(none\), desk, network/],
    [{ workflow: 'support' }, /--workflow "support": no ticket has it; there is support@1/],
  ])('%j is refused, and says what would be right', async (filter, message) => {
    await expect(ask(filter)).rejects.toMatchObject({ code: 'input_unreadable' });
    await expect(ask(filter)).rejects.toThrow(message);
  });
});

describe('what came in and out', () => {
  it('is counted per day', () => {
    const day = (name: string, opened: number, resolved: number, reopened: number, backlog: number) =>
      expect.objectContaining({ day: `2026-03-0${name}`, opened, resolved, reopened, backlog });
    expect(all.days).toEqual([
      day('2', 2, 2, 0, 0),
      day('3', 0, 0, 1, 1),
      day('4', 3, 2, 0, 1),
      day('5', 1, 0, 0, 1),
    ]);
    expect(values(all)).toMatchObject({
      opened: 6,
      resolved: 4,
      reopened: 1,
      backlog_before: 0,
      backlog_after: 1,
    });
  });

  it('begins with the backlog of the day before', async () => {
    const wednesday = await ask({ from: '2026-03-04', to: '2026-03-04' });
    expect(values(wednesday)).toMatchObject({ opened: 3, resolved: 2, backlog_before: 1, backlog_after: 1 });
  });

  it('is that of a group, a priority, a category or a workflow alone', async () => {
    expect(values(await ask({ group: 'desk' }))).toMatchObject({ opened: 2, resolved: 2, backlog_after: 0 });
    expect(values(await ask({ group: '' }))).toMatchObject({ opened: 2, resolved: 0, backlog_after: 1 });
    expect(values(await ask({ priority: 'low' }))).toMatchObject({ opened: 3, resolved: 3, reopened: 1 });
    expect(values(await ask({ workflow: 'support@1' }))).toEqual(values(all));
    const lamps = await ask({ category: 'lamp' });
    expect(values(lamps)).toMatchObject({ opened: 4, resolved: 2, reopened: 1, backlog_after: 1 });
    expect(lamps.days.map(({ backlog }) => backlog)).toEqual([0, 1, 1, 1]);
    expect(values(await ask({ category: 'lamp', from: '2026-03-04' }))).toMatchObject({ backlog_before: 1 });
    expect(values(await ask({ category: 'switch', priority: 'high' }))).toMatchObject({ opened: 0 });
  });

  it('leaves what lies there now, by age', () => {
    expect(all.ageing.reduce((sum, { tickets }) => sum + tickets, 0)).toBe(1);
    expect(all.ageing.find(({ tickets }) => tickets > 0)).toMatchObject({ unassigned: 1 });
    expect(all.ageing).toHaveLength(6);
  });
});

describe('durations', () => {
  const named = (analysis: Analysis, name: string) =>
    analysis.durations.find((figure) => figure.name === name);

  it('have percentiles of raw durations, by the calendar and in business time', () => {
    const full = named(all, 'full_resolution');
    // 3, 6, 12 and 39 hours.
    const expected = {
      count: 4,
      p50: 9 * hour,
      p90: expect.closeTo(30.9 * hour),
      p95: expect.closeTo(34.95 * hour),
      p99: expect.closeTo(38.19 * hour),
      mean: 15 * hour,
    };
    expect(full).toMatchObject({ population: 'resolved', calendar: expected, business: expected });
    expect(named(all, 'first_resolution')?.calendar).toMatchObject({ p50: 5.5 * hour });
    expect(named(all, 'first_reply')).toMatchObject({
      population: 'opened',
      calendar: { count: 3, p50: 2 * hour },
    });
    expect(named(all, 'next_reply')).toMatchObject({ calendar: null, business: null });
    expect(named(all, 'agent_wait')?.calendar).toMatchObject({ count: 4, p50: 0, mean: 2 * hour });
  });

  it('fill a histogram without a gap', () => {
    const bins = all.resolutionHistogram.filter(({ tickets }) => tickets > 0);
    expect(bins.map(({ label, tickets }) => [label, tickets])).toEqual([
      ['1 to 4 h', 1],
      ['4 to 8 h', 1],
      ['8 to 24 h', 1],
      ['1 to 3 d', 1],
    ]);
    const [first, ...rest] = all.resolutionHistogram;
    expect(first?.fromMs).toBe(0);
    rest.reduce((before, bin) => {
      expect(bin.fromMs).toBe(before?.belowMs);
      return bin;
    }, first);
  });
});

describe('quality', () => {
  it('tells the three definitions of one touch apart, and first-contact resolution', () => {
    expect(parts(all)).toEqual({
      one_touch_explore: '4 of 4',
      one_touch_exact: '3 of 4',
      one_touch_messaging: '2 of 4',
      // The requester of the first ticket came again, the second one was reopened.
      first_contact_resolution: '2 of 4',
      reopened: '1 of 4',
      // The first one was open again after its requester had answered.
      reworked: '2 of 4',
      assignee_handed_off: '1 of 4',
      group_handed_off: '1 of 4',
      assignee_returned: '1 of 4',
      group_returned: '1 of 4',
    });
    expect(Object.fromEntries(all.stations.map(({ name, value }) => [name, value]))).toMatchObject({
      reopens: 1,
      agent_replies: 3,
      assignee_stations: 6,
      assignee_handoffs: 2,
      assignee_returns: 1,
    });
    expect(all.satisfaction).toBeNull();
    expect(all.sla).toEqual({ total: 0, rows: [] });
    expect(all.sourceClaims).toBeNull();
  });

  it('and the rest are told by group, priority and category', () => {
    const group = all.breakdowns.find(({ dimension }) => dimension === 'group');
    const none = { reopened: 0, unresolvedNow: 0 };
    expect(group).toEqual({
      dimension: 'group',
      total: 3,
      rows: [
        {
          value: 'desk',
          opened: 2,
          resolved: 2,
          ...none,
          reopened: 1,
          p50: 25.5 * hour,
          p90: expect.closeTo(36.3 * hour),
        },
        {
          value: 'network',
          opened: 2,
          resolved: 2,
          ...none,
          p50: 4.5 * hour,
          p90: expect.closeTo(5.7 * hour),
        },
        { value: '', opened: 2, resolved: 0, ...none, unresolvedNow: 1, p50: null, p90: null },
      ],
    });
  });
});

describe('the process', () => {
  it('has moves, ways, stays, handovers and ping-pong pairs', () => {
    const { moves, variants, sojourns, handovers, pingPong } = all.process;
    expect(moves.rows.find(({ from, to }) => from === 'resolved' && to === 'open')).toEqual({
      workflow: 'support@1',
      from: 'resolved',
      to: 'open',
      moves: 1,
      share: 0.5,
      meanMs: 14 * hour,
      meanBusinessMs: 14 * hour,
    });
    expect(variants.rows.reduce((sum, { tickets }) => sum + tickets, 0)).toBe(6);
    expect(variants.rows[0]).toMatchObject({ path: 'new>open>resolved', tickets: 2, medianMs: 4.5 * hour });
    expect(sojourns.rows.find(({ status }) => status === 'pending')).toMatchObject({
      count: 1,
      p50: 8 * hour,
    });
    expect(handovers).toEqual({
      total: 4,
      rows: [
        { dimension: 'assignee', from: 'ada', to: 'bea', handovers: 1, returns: 0, meanMs: hour },
        { dimension: 'assignee', from: 'bea', to: 'ada', handovers: 1, returns: 1, meanMs: 2 * hour },
        { dimension: 'group', from: 'desk', to: 'network', handovers: 1, returns: 0, meanMs: hour },
        { dimension: 'group', from: 'network', to: 'desk', handovers: 1, returns: 1, meanMs: 2 * hour },
      ],
    });
    expect(pingPong.rows).toEqual([
      { dimension: 'assignee', one: 'ada', other: 'bea', handovers: 2, returns: 1 },
      { dimension: 'group', one: 'desk', other: 'network', handovers: 2, returns: 1 },
    ]);
  });

  it('is the same where a filter chooses all tickets', async () => {
    expect((await ask({ workflow: 'support@1' })).process).toEqual(all.process);
  });
});
