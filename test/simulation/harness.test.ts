/**
 * The simulation tells broken logs from sound ones: each way of forgetting durability is found, with the
 * same histories that find nothing in the real log.
 */
import { describe, expect, test } from 'vitest';
import type { SegmentFiles } from '../../adapters/log/segment/storage.ts';
import { acknowledgingEarly, misplacing, withoutFileSync, withoutFolderSync } from './broken-logs.ts';
import type { CrashStateOptions } from './crash-states.ts';
import { Explorer } from './explorer.ts';
import { Violation } from './history.ts';
import { seed } from './settings.ts';
import { allHistories } from './short-histories.ts';
import type { SimDisk } from './sim-disk.ts';

async function violationOf(
  wrap: ((disk: SimDisk) => SegmentFiles) | undefined,
  names: CrashStateOptions['names'] = 'any',
): Promise<string> {
  const explorer = new Explorer({ seed, names, recoveryCrashes: 0, ...(wrap === undefined ? {} : { wrap }) });
  try {
    for (const history of allHistories(1)) await explorer.explore(history);
  } catch (error) {
    if (error instanceof Violation) return error.message;
    throw error;
  }
  return 'none';
}

describe('the simulation finds a log that', () => {
  test('forgets to sync its batches', async () => {
    expect(await violationOf(withoutFileSync(/\.seg$/))).toMatch(/were acknowledged, 0 were recovered/);
  });

  test('forgets to sync a new segment before it takes its name', async () => {
    expect(await violationOf(withoutFileSync(/\.seg\.tmp$/))).not.toBe('none');
  });

  test.each(['any', 'ordered'] as const)('forgets to sync the folder (%s names)', async (names) => {
    expect(await violationOf(withoutFolderSync, names)).toMatch(/were acknowledged, 0 were recovered/);
  });

  test('acknowledges before the sync returned', async () => {
    expect(await violationOf(acknowledgingEarly)).toMatch(/were acknowledged, \d were recovered/);
  });

  test('writes to the wrong place', async () => {
    expect(await violationOf(misplacing)).not.toBe('none');
  });

  test('and tells where and how to see it again', async () => {
    const violation = await violationOf(withoutFolderSync);
    expect(violation).toMatch(
      /crash (at the end|before operation \d+ \(\w+ \/log\S*\)) of \{"segmentBytesMax":/,
    );
  });

  test('but nothing in the log as it is', async () => {
    expect(await violationOf(undefined)).toBe('none');
  });
});
