/** Each part made the slow one, and the sentences that must, and must not, come of it. */
import { describe, expect, it } from 'vitest';
import { analyse, summarise } from '../../../../scripts/load/analysis/analyse.ts';
import type { Measured } from '../../../../scripts/load/result.ts';
import { type FakeStage, measured } from './measured.ts';

const cpu = { server: 0.1, projector: 0.05, postgres: 0.05, generator: 0.05, machine: 0.25 };
/** Misses the objective of 100 ms at p99. */
const slow: FakeStage = { name: 'the worst', offered: 1_000, p99Ms: 400, meanMs: 100 };
const objective = { objective: { p99Ms: 100 } };

function told(run: Measured) {
  const analyses = analyse(run);
  return { ...analyses.bottleneck, summary: summarise(run, analyses) };
}

describe('the bottleneck', () => {
  it('is the API where its one thread is busy while cores are free', () => {
    const busy = () => ({ cpu: { ...cpu, server: 0.48, machine: 0.65 } });
    const found = told(measured([{ ...slow, resource: busy }], objective));
    expect(found.where).toBe('api');
    expect(found.evidence).toEqual([
      'the worst: p99 was 400 ms, over 100 ms',
      'the server used 0.96 cores; its JavaScript runs on one',
      '65 % of 2 cores were busy (in cores: server 0.96, projector 0.1, PostgreSQL 0.1, generator 0.1, others 0.04)',
    ]);
    expect(found.summary[0]).toContain('0.7 of 2 cores were free, which a second server');
  });

  it('is not the API where two servers share what one could not do', () => {
    const busy = () => ({ cpu: { ...cpu, server: 0.48, machine: 0.65 } });
    const two = { ...objective, server: { servers: 2 } };
    expect(told(measured([{ ...slow, resource: busy }], two)).where).toBe('none');
  });

  it('is the API where its event loop makes the latency', () => {
    const found = told(measured([{ ...slow, resource: () => ({ eventLoopDelayP99Ms: 300 }) }], objective));
    expect(found.where).toBe('api');
    expect(found.evidence[1]).toBe('its event loop was 300 ms late (p99), of the 400 ms that answers took');
  });

  it('is the database where its statements make the latency, or its processes take the cores', () => {
    const waiting = told(measured([{ ...slow, resource: () => ({ databaseP99Ms: 350 }) }], objective));
    expect(waiting.where).toBe('database');
    expect(waiting.evidence[1]).toBe('its statements took 350 ms (p99), of the 400 ms that answers took');
    const computing = () => ({ cpu: { ...cpu, postgres: 0.85, machine: 0.99 } });
    const found = told(
      measured([{ ...slow, resource: computing }], { ...objective, mix: [{ action: 'search', weight: 1 }] }),
    );
    expect(found.where).toBe('database');
    expect(found.summary[0]).toMatch(
      /^PostgreSQL is the limit: PostgreSQL used 1.7 of 2 cores;.*100 % of the requests read/,
    );
  });

  it('is the projector where answers are right and only the read models fall behind', () => {
    const stage = {
      name: 'calm',
      offered: 5_000,
      p99Ms: 20,
      resource: (at: number) => ({ lagEvents: 900 * at }),
    };
    const found = told(measured([stage], objective));
    expect(found.where).toBe('projector');
    expect(found.evidence[1]).toContain('the lag grew by 900 events each second');
    expect(found.summary[0]).toMatch(/^The read models are the limit: .*900 events/);
  });

  it('is the generator where the run is invalid, and then nothing else is said', () => {
    const run = measured([{ ...slow, resource: () => ({ databaseP99Ms: 350 }) }], objective);
    const reasons = ['The p99 of the send delay was 80 ms.'];
    const found = told({ ...run, validity: { ...run.validity, valid: false, reasons } });
    expect(found.where).toBe('generator');
    expect(found.evidence[0]).toBe(reasons[0]);
    expect(found.summary).toHaveLength(1);
    expect(found.summary[0]).toMatch(/its own limit\. The p99 of the send delay was 80 ms\.$/);
  });

  it('is the generator where it was late at the first step that was missed', () => {
    const late = ['The generator was late itself.'];
    const steps = [100, 200].map((offered) => ({ role: 'step' as const, offered, name: `at ${offered}` }));
    const [kept = { offered: 0 }, missed = { offered: 0 }] = steps;
    const found = told(measured([kept, { ...missed, late }], objective));
    expect(found).toMatchObject({
      where: 'generator',
      evidence: ['at 200: The generator was late itself.'],
    });
  });

  it('is not looked for in a step that was kept when it was asked again', () => {
    const step = { role: 'step' as const, offered: 100 };
    const spoiled = { ...step, name: 'spoiled', p99Ms: 5_000 };
    const found = told(measured([spoiled, { ...step, name: 'again' }], objective));
    expect(found.where).toBe('none');
    expect(found.evidence[0]).toMatch(/^again: /);
  });

  it('is whoever takes most of a machine that has nothing left', () => {
    const full = { cpu: { ...cpu, server: 0.4, generator: 0.35, machine: 0.98 } };
    const found = told(measured([{ ...slow, resource: () => full }], objective));
    expect(found.where).toBe('api');
    expect(found.summary).toContainEqual(
      'The generator itself took 35 % of the machine in the worst; on a machine of its own the server would have had that too.',
    );
  });

  it('is none of ours where a neighbour has filled the machine', () => {
    const full = { cpu: { ...cpu, server: 0.2, machine: 1 } };
    const found = told(measured([{ ...slow, resource: () => full }], objective));
    expect(found.where).toBe('none');
    expect(found.evidence[1]).toContain('others 1.3)');
    expect(found.summary.join()).toContain('65 % of the machine went to processes that are no part');
  });

  it('is the rate that was set where requests are throttled', () => {
    const throttled = { offered: 1_000, achieved: 200, endings: { succeeded: 4_000, throttled: 16_000 } };
    const found = told(measured([throttled], objective));
    expect(found.where).toBe('api');
    expect(found.evidence[1]).toContain('80 % of 1,000/s were answered 429');
    expect(found.summary[0]).toContain('The limit is the rate that was set');
  });

  it('is none where all was kept, or nothing was near its limit', () => {
    const kept = told(measured([{ name: 'easy', offered: 100 }], objective));
    expect(kept.where).toBe('none');
    expect(kept.summary).toEqual([
      'There is room: in easy p99 20 ms, 100/s of 100/s answered, with 25 % of 2 cores busy. CAPACITY finds how much.',
    ]);
    expect(told(measured([slow], objective))).toMatchObject({ where: 'none', summary: [] });
    expect(told(measured([])).evidence).toEqual(['no stage was measured']);
  });
});

describe('the summary', () => {
  it('plans with the capacity, and tells why there is no more', () => {
    const steps = [1_000, 1_500, 2_250, 3_375].map((offered, step) => ({
      name: `step ${step + 1}`,
      role: 'step' as const,
      offered,
      achieved: Math.min(offered, 2_300),
      p99Ms: offered > 2_300 ? 4_000 : 20,
    }));
    const run = measured(steps, objective);
    expect(summarise(run, analyse(run))).toContainEqual(
      'Plan for 1,575/s of the 2,250/s that step 3 kept (70 %, to leave room for a surge): ' +
        'at 3,375/s p99 was 4,000 ms, over 100 ms. Throughput stops following what is offered near 2,250/s.',
    );
  });

  it('puts a leak first, with what it comes to in a day', () => {
    const leaking = (at: number) => ({ openFiles: 40 + Math.floor(at / 60), databaseP99Ms: 350 });
    const run = measured([{ ...slow, length: 3_600, resource: leaking }], objective);
    expect(summarise(run, analyse(run))[0]).toMatch(/^Find what holds on: open files grew by 60 an hour/);
    expect(summarise(run, analyse(run))[0]).toMatch(/that is 1,4\d\d a day\.$/);
  });

  it('compares what a sweep set', () => {
    const run = measured(
      [
        { sweep: 'events 0', offered: 100, p99Ms: 10 },
        { sweep: 'events 1000000', offered: 100, p99Ms: 15 },
      ],
      { ...objective, sweep: { over: 'preloadEvents', values: [0, 1_000_000] } },
    );
    expect(summarise(run, analyse(run))).toContainEqual(
      'From events 0 to events 1000000 the p99 goes from 10 ms to 15 ms.',
    );
    const ladders = ['servers 1', 'servers 2'].map((sweep, index) => ({
      name: 'step 1',
      role: 'step' as const,
      sweep,
      offered: 1_000 * (index + 1),
    }));
    const grown = measured(ladders, objective);
    expect(summarise(grown, analyse(grown))).toContainEqual(
      'With servers 2 2,000/s are kept, 2 times the 1,000/s with servers 1.',
    );
  });

  it('tells of errors, of neighbours on the machine, and of a recovery', () => {
    const run = measured(
      [
        { role: 'before', offered: 100, resource: () => ({ cpu: { ...cpu, machine: 0.8 } }) },
        { name: 'surge', role: 'surge', offered: 1_000, endings: { succeeded: 19_000, reset: 1_000 } },
        { role: 'after', offered: 100, length: 30, second: (at) => ({ p99Ms: at < 4 ? 900 : 20 }) },
      ],
      objective,
    );
    const found = summarise(run, analyse(run)).join('\n');
    expect(found).toContain('In surge 5 % of the requests did not succeed, 1,000 of them reset.');
    expect(found).toContain('After the surge it took 4 s until all was as before');
    const busy = measured([{ ...slow, resource: () => ({ cpu: { ...cpu, machine: 0.8 } }) }], objective);
    expect(summarise(busy, analyse(busy)).join()).toContain(
      '55 % of the machine went to processes that are no',
    );
  });

  it('is the same from the result as it is read back from its file', () => {
    const run = measured([slow, { role: 'step', offered: 100 }, { role: 'step', offered: 200 }], objective);
    const read: Measured = JSON.parse(JSON.stringify(run));
    expect(analyse(read)).toEqual(analyse(run));
    expect(summarise(read, analyse(read))).toEqual(summarise(run, analyse(run)));
  });
});
