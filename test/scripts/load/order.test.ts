/** What a run will do: durations, preloads and sweeps, and that each change is told. */
import { describe, expect, it } from 'vitest';
import { findScenarios } from '../../../scripts/load/catalogue.ts';
import { changedBy, placesOf, secondsOf, span, stageIn } from '../../../scripts/load/order.ts';
import type { Scenario } from '../../../scripts/load/scenario.ts';

async function shipped(id: string): Promise<Scenario> {
  const [scenario] = await findScenarios([id]);
  if (scenario === undefined) throw new Error(`there is no ${id}`);
  return scenario;
}

const measuredSeconds = ({ stages }: Scenario) =>
  stages.filter(({ role }) => role === 'measured').reduce((sum, stage) => sum + secondsOf(stage), 0);

describe('a shorter duration', () => {
  it('is named as such, and leaves everything else', async () => {
    const { scenario, changed } = changedBy(await shipped('PT05'), { seconds: 600 });
    expect(changed).toBe('measured for 10 min in place of 8 h (--duration)');
    expect(measuredSeconds(scenario)).toBe(600);
    expect(scenario.mix).toEqual((await shipped('PT05')).mix);
  });

  it('asks the same number of tickets of PT01, faster', async () => {
    const { scenario } = changedBy(await shipped('PT01'), { seconds: 10 });
    expect(scenario.stages).toMatchObject([{ requests: 500, withinSeconds: 10 }]);
  });

  it('does not make the burst of PT02 more sudden than it is', async () => {
    const { scenario } = changedBy(await shipped('PT02'), { seconds: 10 });
    expect(scenario.stages.slice(1)).toMatchObject([{ withinSeconds: 1 }, { perSecond: 200, seconds: 10 }]);
  });

  it('is that of each step of a ladder, its warm-up in proportion', async () => {
    const { scenario, changed } = changedBy(await shipped('CAPACITY'), { seconds: 5 });
    expect(scenario.ladder).toMatchObject({ secondsEach: 5, warmSeconds: 1 });
    expect(changed).toContain('steps of 5 s in place of 10 s');
  });

  it('is that of each step of a sweep over users', async () => {
    const { scenario } = changedBy(await shipped('SCALE-USERS'), { seconds: 5 });
    expect(scenario.stages).toMatchObject([{ role: 'warm' }, { role: 'step', seconds: 5 }]);
  });

  it('and another preload are told together; no wish changes nothing', async () => {
    const original = await shipped('LOAD');
    for (const none of [{}, { preloadEvents: 0 }]) {
      expect(changedBy(original, none)).toEqual({ scenario: original, changed: undefined });
    }
    const { scenario, changed } = changedBy(original, { seconds: 60, preloadEvents: 1_000 });
    expect(scenario.server.preloadEvents).toBe(1_000);
    expect(changed).toBe(
      'measured for 60 s in place of 2 min (--duration); 1,000 events preloaded in place of 0 (--preload)',
    );
  });
});

describe('a sweep', () => {
  it('over users plays rounds on the same servers, each with the rate of its users', async () => {
    const scenario = await shipped('SCALE-USERS');
    const [place, ...others] = placesOf(scenario);
    expect(others).toEqual([]);
    expect(place?.rounds.map(({ users, perSecond }) => [users, perSecond])).toEqual(
      [50, 100, 200, 400, 800, 1_600].map((users) => [users, users]),
    );
    const [, hold] = scenario.stages;
    const last = place?.rounds.at(-1);
    if (hold === undefined || last === undefined) throw new Error('the scenario has lost its stages');
    expect(stageIn(last, hold)).toMatchObject({
      name: `${hold.name}, 1,600 users`,
      users: 1_600,
      perSecond: 1_600,
    });
  });

  it('over tickets and over servers needs servers of its own for each value', async () => {
    expect(placesOf(await shipped('SCALE-TICKETS')).map(({ preloadEvents }) => preloadEvents)).toEqual([
      0, 1_000_000, 10_000_000,
    ]);
    expect(placesOf(await shipped('SCALE-SERVERS')).map(({ servers }) => servers)).toEqual([1, 2]);
  });
});

it('tells times in the unit that a person would', () => {
  expect([1, 90, 300, 28_800, 0.25].map(span)).toEqual(['1 s', '90 s', '5 min', '8 h', '0.25 s']);
});
