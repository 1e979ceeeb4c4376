/** KPIs are arithmetic on what was measured: at the limit met, beyond it missed, unmeasured not judged. */
import { describe, expect, it } from 'vitest';
import { type KpiFacts, kpisOf } from '../../../scripts/load/kpis.ts';
import type { KpiLimits } from '../../../scripts/load/scenario.ts';
import { noLatency, resourceRowOf } from './results.ts';

const gibibyte = 2 ** 30;

const facts: KpiFacts = {
  latency: { ...noLatency, count: 1_000, p50Ms: 3, p99Ms: 2_000, maxMs: 2_500 },
  ticketsOpened: 1_000,
  ticketsPerSecond: 100,
  tookSeconds: 10,
  due: 2_000,
  sent: 2_000,
  succeeded: 1_000,
  errorShareMax: 1,
  throttled: 1_000,
  admittedPerSecond: 100,
  retryAfterMissing: 0,
  resources: [
    resourceRowOf({
      cpu: { server: 0.3, projector: 0.2, postgres: 0.1, generator: 0.3, machine: 1 },
      memory: { server: gibibyte, projector: gibibyte, postgres: gibibyte, generator: 9 * gibibyte },
    }),
    resourceRowOf({
      cpu: { server: 0.4, projector: 0.2, postgres: 0.2, generator: 0.2, machine: 1 },
      memory: { server: gibibyte, projector: gibibyte, postgres: 2 * gibibyte, generator: 9 * gibibyte },
    }),
  ],
  memoryAllocation: 5 * gibibyte,
  memoryAllocationOf: 'a test',
  databaseP99Seconds: 0.5,
  probes: Array.from({ length: 100 }, (_, second) => resourceRowOf({ second, up: second > 0 })),
  database: { operations: 10_000, allVisible: true, counted: 'by a test' },
  recovery: { seconds: 30, drainSeconds: 1, band: { p99MsMax: 1, lagEventsMax: 1 } },
};

function judged(name: string, limits: KpiLimits, change: Partial<KpiFacts> = {}) {
  const found = kpisOf(limits, { ...facts, ...change }).find((each) => each.name === name);
  if (found === undefined) throw new Error(`there is no KPI ${name}`);
  return found;
}

describe('the seven of the test plan', () => {
  it('are always shown, in its order, and not judged without a limit', () => {
    const shown = kpisOf({}, facts).slice(0, 7);
    expect(shown.map(({ name }) => name)).toEqual([
      'response',
      'tickets',
      'CPU',
      'memory',
      'model',
      'database',
      'uptime',
    ]);
    for (const each of shown) expect(each).toMatchObject({ verdict: 'not_judged', limit: 'none' });
    expect(shown[0]?.note).toContain('sets no limit');
  });

  it.each<[string, KpiLimits, KpiLimits, string]>([
    ['response', { responseSecondsMax: 2 }, { responseSecondsMax: 1.999 }, 'p99 2.00 s'],
    ['tickets', { ticketsPerSecondMin: 100 }, { ticketsPerSecondMin: 100.1 }, '100.0/s'],
    ['CPU', { cpuShareMax: 0.7 }, { cpuShareMax: 0.69 }, '70 %'],
    ['memory', { memoryShareMax: 0.8 }, { memoryShareMax: 0.79 }, '80 %, 4,096 MiB'],
    ['database', { databaseSecondsMax: 0.5 }, { databaseSecondsMax: 0.499 }, 'p99 500.0 ms'],
    ['uptime', { uptimeShareMin: 0.99 }, { uptimeShareMin: 0.991 }, '99 %'],
  ])('%s is met at its limit and missed beyond it', (name, met, missed, measured) => {
    expect(judged(name, met)).toMatchObject({ verdict: 'met', measured });
    expect(judged(name, missed)).toMatchObject({ verdict: 'missed', measured });
  });

  it('are not judged where nothing could be measured, and say why', () => {
    const elsewhere = { server: undefined, projector: undefined, postgres: undefined, generator: 1 };
    const resources = [resourceRowOf({ cpu: { ...elsewhere, machine: 1 }, memory: elsewhere })];
    for (const name of ['CPU', 'memory']) {
      expect(judged(name, { cpuShareMax: 0.7, memoryShareMax: 0.8 }, { resources })).toMatchObject({
        verdict: 'not_judged',
        measured: 'not measured',
        note: expect.stringContaining('not known here'),
      });
    }
    expect(judged('memory', { memoryShareMax: 0.8 }, { resources: [] }).verdict).toBe('not_judged');
    expect(judged('database', { databaseSecondsMax: 1 }, { databaseP99Seconds: undefined })).toMatchObject({
      verdict: 'not_judged',
      note: expect.stringContaining('exporter'),
    });
    expect(judged('uptime', { uptimeShareMin: 0.99 }, { probes: [] }).verdict).toBe('not_judged');
    expect(judged('response', { responseSecondsMax: 2 }, { latency: noLatency }).verdict).toBe('not_judged');
    expect(judged('model', { modelSecondsMax: 1.5 })).toMatchObject({
      verdict: 'not_judged',
      note: 'there is no classifier yet',
    });
  });

  it('say so where the processes of PostgreSQL are not among those that are known', () => {
    const resources = facts.resources.map((row) => ({ ...row, cpu: { ...row.cpu, postgres: undefined } }));
    const cpu = judged('CPU', { cpuShareMax: 0.6 }, { resources });
    expect(cpu).toMatchObject({ verdict: 'met', measured: '55 %' });
    expect(cpu.note).toContain('without PostgreSQL');
  });

  it('leave the generator out of what Docket uses, and tell it beside', () => {
    expect(judged('CPU', { cpuShareMax: 1 }).note).toContain('the generator used 25 %');
  });
});

describe('what a scenario adds', () => {
  it('succeeded: what is refused is missed, unless refusing is what is asked', () => {
    expect(judged('succeeded', {}, { errorShareMax: 0.001 })).toMatchObject({
      verdict: 'missed',
      measured: '50 %',
    });
    expect(judged('succeeded', {}, { errorShareMax: 0.001, succeeded: 1_998 }).verdict).toBe('met');
    expect(judged('succeeded', {}).verdict).toBe('not_judged');
  });

  it('tickets in time: all of them, and in time', () => {
    const limits = { ticketsWithin: { tickets: 1_000, seconds: 10 } };
    expect(judged('tickets in time', limits).verdict).toBe('met');
    expect(judged('tickets in time', limits, { ticketsOpened: 999 }).verdict).toBe('missed');
    expect(judged('tickets in time', limits, { tookSeconds: 10.1 }).verdict).toBe('missed');
  });

  it('database operations: enough of them, and every event a row', () => {
    const limits = { databaseOperationsMin: 10_000 };
    const { database } = facts;
    expect(judged('database operations', limits).verdict).toBe('met');
    for (const [change, verdict] of [
      [{ operations: 9_999 }, 'missed'],
      [{ allVisible: false }, 'missed'],
      [{ allVisible: undefined }, 'not_judged'],
    ] as const) {
      const changed = { database: { ...database, ...change } };
      expect(judged('database operations', limits, changed).verdict).toBe(verdict);
    }
  });

  it('throttling: enough refused, each told when to come back, and the rate let in', () => {
    const throttling = { refusedShareMin: 0.5, allowedPerSecond: 100, allowedWithinShare: 0.05 };
    expect(judged('throttled', { throttling }).verdict).toBe('met');
    expect(judged('throttled', { throttling }, { throttled: 999 }).verdict).toBe('missed');
    expect(judged('Retry-After', { throttling }, { retryAfterMissing: 1 })).toMatchObject({
      verdict: 'missed',
      measured: 'missing on 1',
    });
    for (const [admittedPerSecond, verdict] of [
      [95, 'met'],
      [105, 'met'],
      [94.9, 'missed'],
      [105.1, 'missed'],
    ] as const) {
      expect(judged('let in', { throttling }, { admittedPerSecond }).verdict).toBe(verdict);
    }
  });

  it('recovery: within its time, seen at all, and only after a surge', () => {
    const limits = { recoverySecondsMax: 30 };
    const { recovery } = facts;
    if (recovery === undefined) throw new Error('the facts have lost their recovery');
    expect(judged('recovery', limits).verdict).toBe('met');
    expect(judged('recovery', limits, { recovery: { ...recovery, seconds: 31 } }).verdict).toBe('missed');
    expect(judged('recovery', limits, { recovery: { ...recovery, seconds: undefined } })).toMatchObject({
      verdict: 'missed',
      measured: 'not seen',
    });
    expect(judged('recovery', limits, { recovery: undefined }).verdict).toBe('not_judged');
  });
});
