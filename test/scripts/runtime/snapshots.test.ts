/** When a running server saves its tickets, what a restart makes of them, what a failure of that costs. */
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  keepSnapshots,
  type SnapshotKeeper,
  type SnapshotTimes,
} from '../../../scripts/runtime/snapshots.ts';
import { DeskFolder } from '../../domain/engine/desk-folder.ts';
import { command } from '../../support/given.ts';

const open = command('OpenTicket', {}, 'requester');
const assign = command('AssignTicket', { agent: 'ana' });
const never: SnapshotTimes = { afterEvents: 1_000_000, afterMs: 1_000_000, pauseMsMin: 0, lookEveryMs: 1 };
const waitMsMax = 10_000;

let desk: DeskFolder;
let notes: string[];
let keepers: SnapshotKeeper[];
beforeEach(async () => {
  desk = await DeskFolder.open();
  notes = [];
  keepers = [];
});
afterEach(async () => {
  for (const keeper of keepers) await keeper.stop();
  await desk.log.close();
});

async function keep(times: Partial<SnapshotTimes>, on = desk): Promise<SnapshotKeeper> {
  const keeper = await keepSnapshots({
    folder: join(on.folder, 'snapshots'),
    engine: on.engine,
    log: on.log,
    workflows: on.workflows,
    onNote: (line) => notes.push(line),
    times: { ...never, ...times },
  });
  keepers.push(keeper);
  return keeper;
}

/** The positions of the snapshots there are, as soon as there are any that satisfy. */
async function positions(satisfy: (found: readonly number[]) => boolean): Promise<readonly number[]> {
  for (const giveUpAtMs = performance.now() + waitMsMax; performance.now() < giveUpAtMs; await sleep(2)) {
    const names = filesOf().filter((name) => name.endsWith('.snap'));
    const found = names.map((name) => Number(name.slice('states-'.length, -'.snap'.length)));
    if (satisfy(found)) return found;
  }
  throw new Error(`no such snapshots within ${waitMsMax} ms, only ${filesOf()}`);
}

function filesOf(): readonly string[] {
  try {
    return readdirSync(join(desk.folder, 'snapshots')).sort();
  } catch {
    return [];
  }
}

describe('tickets are saved', () => {
  it('after so many events', async () => {
    await keep({ afterEvents: 3 });
    await desk.engine.submit([open, assign]);
    await sleep(50);
    expect(filesOf()).toEqual([]);
    await desk.engine.submit([{ ...open, ticketId: 'T-2' }]);
    expect(await positions((found) => found.length === 1)).toEqual([3]);
  });

  it('after some time, where anything happened, and not before a pause is over', async () => {
    await keep({ afterMs: 60 });
    await sleep(100);
    expect(filesOf()).toEqual([]);
    await desk.engine.submit([open]);
    expect(await positions((found) => found.length === 1)).toEqual([1]);
    const beganAtMs = performance.now();
    await desk.engine.submit([assign]);
    expect(await positions((found) => found.length === 2)).toEqual([1, 2]);
    expect(performance.now() - beganAtMs).toBeGreaterThan(40);
  });

  it('at a clean stop, once, with everything that was submitted before it', async () => {
    const keeper = await keep({});
    const answer = desk.engine.submit([open, assign]);
    await keeper.stop();
    expect(await answer).toMatchObject([{ status: 'accepted' }, { status: 'accepted' }]);
    expect(filesOf()).toEqual(['states-0000000000000002.snap']);
    rmSync(join(desk.folder, 'snapshots'), { recursive: true });
    await keeper.stop();
    expect(filesOf()).toEqual([]);
  });
});

describe('a restart', () => {
  it('has the tickets of the last snapshot in memory, and saves again only after new events', async () => {
    const before = await keep({});
    await desk.engine.submit([open, assign]);
    await before.stop();
    const next = await DeskFolder.open(await desk.crashCopy());
    const keeper = await keep({}, next);
    expect(next.states()).toMatchObject([{ ticketId: 'T-1', revision: 2 }]);
    rmSync(join(next.folder, 'snapshots'), { recursive: true });
    await keeper.stop();
    expect(readdirSync(next.folder)).toEqual(['log']);
    expect(notes).toEqual([]);
    await next.log.close();
  });
});

describe('a failure to save', () => {
  it('is told and does not stop the engine; the next snapshot is tried as ever', async () => {
    writeFileSync(join(desk.folder, 'snapshots'), 'a file where the folder should be');
    await keep({ afterEvents: 1 });
    await desk.engine.submit([open]);
    for (let tries = 0; notes.length === 0 && tries < 1_000; tries += 1) await sleep(5);
    expect(notes).toEqual([expect.stringMatching(/could not be saved.*a restart will read more/)]);
    rmSync(join(desk.folder, 'snapshots'));
    expect(await desk.engine.submit([assign])).toMatchObject([{ status: 'accepted', revision: 2 }]);
    expect(await positions((found) => found.length === 1)).toEqual([2]);
    expect(notes).toHaveLength(1);
  });
});
