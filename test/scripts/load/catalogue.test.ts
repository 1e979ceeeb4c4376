/** Scenario files: those that ship are whole, and mistakes in others are named. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findScenarios, readScenarioFile, shippedScenarios } from '../../../scripts/load/catalogue.ts';

const plan = ['PT01', 'PT02', 'PT03', 'PT04', 'PT05', 'PT06', 'PT07'];

function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'scenarios-'));
}

function scenarioFile(change: Readonly<Record<string, unknown>>): string {
  const path = join(temporaryFolder(), 'mine.json');
  const stage = { name: 'all', role: 'measured', shape: 'hold', perSecond: 10, seconds: 1 };
  const mix = [{ action: 'open', weight: 1 }];
  const whole = {
    id: 'MINE',
    title: 'Mine',
    purpose: 'To see.',
    kind: 'load',
    users: 1,
    mix,
    stages: [stage],
  };
  writeFileSync(path, JSON.stringify({ ...whole, kpis: {}, ...change }));
  return path;
}

describe('the scenarios that ship', () => {
  it('are all of the test plan, and one of each kind', async () => {
    const shipped = await shippedScenarios();
    const ids = shipped.map(({ id }) => id);
    expect(ids).toEqual(expect.arrayContaining(plan));
    expect(new Set(ids).size).toBe(ids.length);
    expect(new Set(shipped.map(({ kind }) => kind))).toEqual(
      new Set(['load', 'stress', 'spike', 'scalability', 'soak']),
    );
  });

  it('sweep users, tickets and servers, over both protocols and both logs', async () => {
    const shipped = await shippedScenarios();
    expect(new Set(shipped.flatMap(({ sweep }) => sweep?.over ?? []))).toEqual(
      new Set(['users', 'preloadEvents', 'servers']),
    );
    expect(new Set(shipped.map(({ protocol }) => protocol))).toEqual(new Set(['http1', 'http2']));
    expect(new Set(shipped.map(({ server }) => server.log))).toEqual(new Set(['segment', 'postgres']));
  });

  it('ask for 100 tickets a second only where so many are offered', async () => {
    for (const { id, kpis, mix, stages } of await shippedScenarios()) {
      if (kpis.ticketsPerSecondMin === undefined) continue;
      expect(
        mix.map(({ action }) => action),
        id,
      ).toEqual(['open']);
      const held = stages.flatMap((stage) =>
        stage.shape === 'hold' && stage.role === 'measured' ? stage.perSecond : [],
      );
      expect(Math.min(...held), id).toBeGreaterThanOrEqual(kpis.ticketsPerSecondMin);
    }
  });

  it('are found by their id in any case, all at once, and beside a file', async () => {
    const shipped = await shippedScenarios();
    expect(await findScenarios(['all'])).toEqual(shipped);
    const found = await findScenarios(['pt03', scenarioFile({})]);
    expect(found.map(({ id }) => id)).toEqual(['PT03', 'MINE']);
  });
});

describe('a scenario that can not be used', () => {
  it('is not there: told which are', async () => {
    await expect(findScenarios(['PT99'])).rejects.toThrow(/no scenario PT99; there are .*PT01/);
  });

  it.each([
    ['users', { users: 0 }],
    ['kpis.responseSecondsMax', { kpis: { responseSecondsMax: 'fast' } }],
    ['mix.0.action', { mix: [{ action: 'shout', weight: 1 }] }],
    ['stages.0.seconds', { stages: [{ name: 'a', role: 'measured', shape: 'hold', perSecond: 1 }] }],
    ['stages: a scenario needs stages', { stages: [] }],
    ['sweep.values', { sweep: { over: 'servers', values: [1] } }],
    ['sweep.perUserPerSecond', { sweep: { over: 'users', values: [1, 2] } }],
    ['stages: in a sweep over users', { sweep: { over: 'users', values: [1, 2], perUserPerSecond: 1 } }],
  ])('names the field %s', async (field, change) => {
    const path = scenarioFile(change);
    await expect(readScenarioFile(path)).rejects.toThrow(`${path} is no scenario: ${field}`);
  });

  it('is no JSON, or no file: told with its path', async () => {
    const path = join(temporaryFolder(), 'broken.json');
    writeFileSync(path, '{ "id": ');
    await expect(readScenarioFile(path)).rejects.toMatchObject({ code: 'input_unreadable' });
    await expect(readScenarioFile(`${path}.json`)).rejects.toThrow('can not be opened');
  });
});
