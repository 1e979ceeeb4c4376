/**
 * Every death of the process in every short history, and then the death of the machine. A process that is
 * killed leaves a cache that the next one reads and the disk may not hold: whatever the next one has served,
 * it must first have made durable.
 */
import { expect, test } from 'vitest';
import { Random } from '../../adapters/simulation/random.ts';
import { readAll } from '../adapters/log/samples.ts';
import { type CrashStateOptions, crashStates } from './crash-states.ts';
import { type History, type Moment, openLog, runHistory, telling, Violation } from './history.ts';
import type { Truth } from './ledger.ts';
import { lendLargeBuffers, seedSalts } from './process-seams.ts';
import { expectFound, expectGoingOn, expectPrefix } from './recovery-check.ts';
import { replayable, seed } from './settings.ts';
import { allHistories } from './short-histories.ts';
import { SimDisk } from './sim-disk.ts';
import { VirtualTime } from './virtual-time.ts';

const saltSeed = 0x5a17;
const states: CrashStateOptions = {
  names: 'any',
  allStatesMax: 8,
  samples: 4,
  random: new Random(seed),
  unread: () => false,
};

test('what was served after a kill survives a crash', { timeout: 300_000 }, async () => {
  const restore = [lendLargeBuffers(), seedSalts(saltSeed)];
  const counts = { kills: 0, crashes: 0 };
  try {
    await replayable(seed, async () => {
      for (const history of allHistories(2)) {
        const { ledger, moments } = await runHistory(history);
        for (const moment of moments) {
          counts.kills += 1;
          counts.crashes += await telling('kill', history, moment, () => killAt(moment, ledger, history));
        }
      }
    });
  } finally {
    for (const each of restore.reverse()) each();
  }
  process.stdout.write(`kills: ${counts.kills}, crashes after them: ${counts.crashes}\n`);
  expect(counts.kills).toBeGreaterThan(2_000);
  expect(counts.crashes).toBeGreaterThan(counts.kills);
});

/** Returns how many states of the disk were looked at. */
async function killAt(moment: Moment, truth: Truth, history: History): Promise<number> {
  const { segmentBytesMax } = history;
  const disk = SimDisk.thaw(moment.point);
  const log = await openLog({ files: disk, time: new VirtualTime(), segmentBytesMax });
  const served = await readAll(log);
  expectPrefix(served, truth);
  if (served.length < moment.acknowledged || served.length > moment.issued) {
    throw new Violation(`${served.length} events of ${moment.acknowledged} to ${moment.issued} are there`);
  }
  await expectFound(log, served, truth);
  let looked = 0;
  for (const state of crashStates(disk.crashPoint(), states)) {
    looked += 1;
    const files = new SimDisk(state.image());
    const again = await openLog({ files, time: new VirtualTime(), segmentBytesMax });
    const found = await readAll(again);
    if (found.length === served.length) continue;
    throw new Violation(`${served.length} events were served, ${found.length} survived`);
  }
  await expectGoingOn(disk, log, served, segmentBytesMax);
  return looked;
}
