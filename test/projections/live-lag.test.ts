/** How old what readers see is, on real PostgreSQL: counted from the oldest event that is missing. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { everyHourCounts } from '../../domain/metrics/calendars.ts';
import type { EventReader } from '../../domain/ports.ts';
import { liveLag } from '../../projections/live-lag.ts';
import { requestParking } from '../../projections/parking.ts';
import type { Progress } from '../../projections/partition-projector.ts';
import { readModels } from '../../projections/read-models.ts';
import { beginRebuild } from '../../projections/rebuild.ts';
import type { Database } from '../../projections/sql.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { forgetReadModels, project } from './databases.ts';
import { randomHistory, readerOf } from './histories.ts';

const events = randomHistory({ seed: 21, events: 600, liveTickets: 20 });
const now = (events.at(-1)?.recordedAt ?? 0) + 5_000;

let test: TestDatabase;
let database: Database;

beforeAll(async () => {
  test = await testDatabase();
  database = test.database;
});
beforeEach(() => forgetReadModels(database));
afterAll(() => test.drop());

/** A reader that counts how often the log is read. */
function counting(reader: EventReader): { readonly reader: EventReader; reads: number } {
  const counted = {
    reads: 0,
    reader: {
      ...reader,
      read: (...asked: Parameters<EventReader['read']>) => {
        counted.reads += 1;
        return reader.read(...asked);
      },
    },
  };
  return counted;
}

describe('the lag of what readers see', () => {
  it('is not told of a database that no projector has seen', async () => {
    expect(await liveLag(database, readerOf(events), now)).toEqual([]);
  });

  it('is zero for every read model when it is caught up, without a look into the log', async () => {
    await project(database, events);
    const { reader, reads } = counting(readerOf(events));
    const lags = await liveLag(database, reader, now);
    expect(lags.map(({ projection }) => projection)).toEqual(readModels.map(({ name }) => name).sort());
    const none = { position: 600, lagEvents: 0, lagMs: 0, parked: 0, parkedOldestMs: 0 };
    for (const lag of lags) expect(lag).toMatchObject(none);
    expect(reads).toBe(0);
  });

  it('is the age of the oldest event that is missing, found with one look for all', async () => {
    await project(database, events.slice(0, 450));
    const counted = counting(readerOf(events));
    const lags = await liveLag(database, counted.reader, now);
    const lagMs = now - (events[450]?.recordedAt ?? 0);
    expect(lags.length).toBe(readModels.length);
    for (const lag of lags) expect(lag).toMatchObject({ position: 450, lagEvents: 150, lagMs });
    expect(counted.reads).toBe(1);
  });

  it('is told of each read model by itself', async () => {
    await project(database, events.slice(0, 100), { projections: readModels.slice(0, 1), views: [] });
    await project(database, events, { projections: readModels.slice(1, 2), views: [] });
    const lags = await liveLag(database, readerOf(events), now);
    const found = new Map(lags.map(({ projection, lagEvents }) => [projection, lagEvents]));
    expect(found.get(readModels[0]?.name ?? '')).toBe(500);
    expect(found.get(readModels[1]?.name ?? '')).toBe(0);
  });

  it('counts the tickets that were left behind, and since when', async () => {
    await project(database, events);
    const [model] = readModels;
    if (model === undefined) throw new Error('there are no read models');
    const [first, second] = [...new Set(events.map(({ ticketId }) => ticketId))];
    const build = { projection: model.name, build: 1 };
    for (const [ticketId, agoMs] of [
      [first, 60_000],
      [second, 20_000],
    ] as const) {
      const ticket = { ticketId: ticketId ?? '', partition: 0, reason: 'by hand' };
      await requestParking(database, build, ticket, now - agoMs);
    }
    const lag = (await liveLag(database, readerOf(events), now)).find(
      (each) => each.projection === model.name,
    );
    expect(lag).toMatchObject({ parked: 2, parkedOldestMs: 60_000, lagEvents: 0 });
  });
});

describe('the progress of a projector', () => {
  it('tells of each batch how many events it had, what it cost, and that readers see it', async () => {
    const told: Progress[] = [];
    await project(database, events, { batchEventsMax: 100, onProgress: (progress) => told.push(progress) });
    for (const { foldMs, commitMs, events: count } of told) {
      expect(foldMs).toBeGreaterThan(0);
      expect(commitMs).toBeGreaterThan(0);
      expect(count).toBeLessThanOrEqual(100);
    }
    const positions = [100, 200, 300, 400, 500, 600];
    expect(told.map(({ position, isLive }) => [position, isLive])).toEqual(positions.map((at) => [at, true]));
  });

  it('says of a build beside the live one that readers do not see it', async () => {
    await project(database, events);
    await beginRebuild(database, {
      projections: readModels.slice(0, 1),
      calendars: everyHourCounts,
      partitions: 1,
      now,
    });
    const told: Progress[] = [];
    await project(database, events, { onlyBuilding: true, onProgress: (progress) => told.push(progress) });
    expect(told.map(({ position, isLive }) => [position, isLive])).toEqual([[600, false]]);
  });
});
