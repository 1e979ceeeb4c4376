/**
 * Long lives of a log, drawn at random: crashes and kills at any operation, failing and lying disks, short
 * writes, slow ones, torn sectors. Each run draws new seeds; `SIM_SEED` replays one.
 */
import { describe, expect, test } from 'vitest';
import { Random } from '../../adapters/simulation/random.ts';
import type { FateKind } from './fates.ts';
import { LongRun, Tally } from './long-run.ts';
import { lendLargeBuffers, seedSalts } from './process-seams.ts';
import { freshSeed, replayable, statesMin, statesWanted } from './settings.ts';

/** More of them where a long run is asked for. */
const runs = Math.ceil((100 * statesWanted) / statesMin);
const timeout = 300_000 + runs * 1_000;

async function live(fates: readonly FateKind[], liesAreKnown = true): Promise<Tally> {
  const seeds = new Random(freshSeed);
  const tally = new Tally();
  const restore = [lendLargeBuffers(), seedSalts(freshSeed)];
  try {
    await replayable(freshSeed, async () => {
      for (let run = 0; run < runs; run += 1) {
        await new LongRun({ seed: seeds.below(2 ** 32), fates, liesAreKnown }, tally).run();
      }
    });
  } finally {
    for (const each of restore.reverse()) each();
  }
  return tally;
}

describe('a log lives on', { timeout }, () => {
  test('through crashes, kills and clean closes', async () => {
    const tally = await live(['crash', 'crash', 'kill', 'close']);
    expect(tally.fates.get('crash')).toBeGreaterThan(runs);
    expect(tally.states).toBeGreaterThan(runs * 10);
    expect(tally.events).toBeGreaterThan(50);
    expect(tally.lostToLies).toBe(0);
  });

  test('through errors of the disk, after each of which it stops and acknowledges nothing', async () => {
    const tally = await live(['error', 'error', 'crash', 'kill']);
    expect(tally.errors).toBeGreaterThan(runs);
    expect(tally.stops).toBe(tally.errors);
    expect(tally.lostToLies).toBe(0);
  });

  test('through lies of the disk: it refuses, or holds the beginning of what was written', async () => {
    const tally = await live(['lie', 'crash', 'close']);
    expect(tally.fates.get('lie')).toBeGreaterThan(runs);
    // The lies must have been told apart from the log's own doing, and not just been harmless.
    expect(tally.lostToLies + tally.refusedAfterLies).toBeGreaterThan(runs / 4);
    process.stdout.write(
      `lying disk: ${tally.lostToLies} acknowledged events lost to lies, ` +
        `${tally.refusedAfterLies} logs refused as damaged\n`,
    );
  });

  test('and the same loss, on a disk that did not lie, would be its own fault', async () => {
    const lived = live(['lie', 'crash', 'close'], false);
    await expect(lived).rejects.toThrow(/were acknowledged, \d+ were recovered|is damaged at byte/);
  });
});
