/**
 * Exactly once, wherever a projector dies: 200 seeded moments of projecting, and 200 of a rebuild beside
 * live rows, switch included. Afterwards the rows are those of a run that nothing disturbed.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { everyHourCounts } from '../../domain/metrics/calendars.ts';
import { readModels } from '../../projections/read-models.ts';
import { beginRebuild } from '../../projections/rebuild.ts';
import type { Database } from '../../projections/sql.ts';
import { projectionStatus } from '../../projections/status.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { shortSla } from '../support/sla.ts';
import { check, dump, forgetReadModels, project } from './databases.ts';
import { randomHistory, readerOf, seeded } from './histories.ts';
import { Death, MortalDatabase } from './mortal-database.ts';

const deathsWanted = 200;
const batchEventsMax = 40;
/** Statements and commits of the longest life; a batch takes about forty. */
const momentsMax = 250;
const seed = Number(process.env.DOCKET_TEST_SEED ?? Date.now() % 1_000_000);
const events = randomHistory({ seed, events: 1_200, liveTickets: 40, sla: shortSla });

let test: TestDatabase;
let database: Database;
let undisturbed: Awaited<ReturnType<typeof dump>>;

beforeAll(async () => {
  test = await testDatabase();
  database = test.database;
  await project(database, events);
  undisturbed = await dump(database);
});
afterAll(() => test.drop());

/** Lives one after the other until one reaches the end. Answers how many were cut short. */
async function livesUntilDone(
  work: (mortal: Database) => Promise<void>,
  random: () => number,
  momentsMax: number,
): Promise<number> {
  for (let deaths = 0; ; deaths += 1) {
    const mortal = new MortalDatabase(database, Math.floor(random() * momentsMax));
    try {
      await work(mortal.database());
      return deaths;
    } catch (error) {
      if (!(error instanceof Death) && !mortal.isDead) throw error;
    }
  }
}

it(`makes the same rows when it dies ${deathsWanted} times (seed ${seed})`, {
  timeout: 240_000,
}, async () => {
  const random = seeded(seed);
  for (let deaths = 0; deaths < deathsWanted; ) {
    await forgetReadModels(database);
    // Making all tables is one long transaction: a short life would never get beyond it.
    deaths += await livesUntilDone((mortal) => project(mortal, events.slice(0, 1)), random, 300);
    deaths += await livesUntilDone(
      (mortal) => project(mortal, events, { batchEventsMax }),
      random,
      momentsMax,
    );
    expect(await dump(database)).toEqual(undisturbed);
  }
});

it(`rebuilds the same rows when it dies ${deathsWanted} times (seed ${seed})`, {
  timeout: 240_000,
}, async () => {
  const random = seeded(seed + 1);
  await forgetReadModels(database);
  await project(database, events);
  const options = { projections: readModels, calendars: everyHourCounts, partitions: 1, now: Date.now() };
  let rebuilds = 0;
  for (let deaths = 0; deaths < deathsWanted; ) {
    await beginRebuild(database, options);
    rebuilds += 1;
    deaths += await livesUntilDone(
      (mortal) => project(mortal, events, { batchEventsMax, onlyBuilding: true }),
      random,
      momentsMax,
    );
    expect(await dump(database)).toEqual(undisturbed);
  }
  const status = await projectionStatus(database, readerOf(events));
  expect(status.map(({ state, build }) => [state, build])).toEqual(
    readModels.map(() => ['live', rebuilds + 1]),
  );
  expect(await check(database, events)).toMatchObject({ ok: true });
});
