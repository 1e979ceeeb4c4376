/**
 * Who may move a checkpoint on: its owner only, by an epoch that every takeover raises. Positions alone would
 * not keep a former owner out, who has read the same ones.
 */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { type Checkpoint, moveCheckpoints } from '../../projections/checkpoint.ts';
import { claimFree, isAnyFree, type Owner, release } from '../../projections/ownership.ts';
import type { Session } from '../../projections/sql.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { forgetReadModels, project } from './databases.ts';
import { randomHistory } from './histories.ts';

const builds = [{ projection: 'ticket', build: 1 }];
const events = randomHistory({ seed: 4, events: 10, liveTickets: 3 });

let test: TestDatabase;
let sessions: Session[] = [];

beforeAll(async () => {
  test = await testDatabase();
});
beforeEach(async () => {
  await forgetReadModels(test.database);
  await project(test.database, events);
});
afterAll(async () => {
  for (const session of sessions) await session.close();
  sessions = [];
  await test.drop();
});

/** Somebody who lives, as long as the session does. */
async function owner(name: string): Promise<Owner & { readonly session: Session }> {
  const session = await test.database.session();
  sessions.push(session);
  const [row] = await session.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  return { name, session, sessionPid: row?.pid ?? 0 };
}

function move({ epoch, position }: Checkpoint): Promise<void> {
  const [key] = builds;
  if (key === undefined) throw new Error('no build');
  const step = { ...key, partition: 0, epoch, from: position, to: position, recordedAt: undefined };
  return test.database.transaction((sql) => moveCheckpoints(sql, [step], Date.now()));
}

it('is the first who asks, and nobody else while that one lives', async () => {
  const [first, second] = [await owner('first'), await owner('second')];
  expect(await claimFree(test.database, builds, first)).toMatchObject([{ position: 10 }]);
  expect(await isAnyFree(test.database, builds)).toBe(false);
  expect(await claimFree(test.database, builds, second)).toEqual([]);
});

it.each(['lets go', 'loses its session', 'falls silent'])('changes when the owner %s', async (how) => {
  const [first, second] = [await owner('first'), await owner('second')];
  const [held] = await claimFree(test.database, builds, first);
  if (held === undefined) throw new Error('nothing was claimed');
  await move(held);
  if (how === 'lets go') await release(test.database, 'first');
  else if (how === 'loses its session') await first.session.close();
  else {
    await test.database.execute(
      "UPDATE docket.projection_owner SET alive_at = clock_timestamp() - interval '4 seconds'",
    );
  }
  const [taken] = await claimFree(test.database, builds, second);
  if (taken === undefined) throw new Error('nothing was taken over');
  expect(taken.epoch).toBe(held.epoch + 1);
  await expect(move(held)).rejects.toMatchObject({ code: 'projector_fenced' });
  await move(taken);
});
