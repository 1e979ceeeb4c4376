/**
 * Every crash of every short history: whatever the disk keeps of what was not synced, the log opens, holds
 * all that was acknowledged and nothing that was not issued, in order, and goes on.
 *
 *     SIM_STATES=5000000 npx vitest run test/simulation/every-crash.test.ts
 *
 * lets every recovery die too, and goes on with longer histories until so many distinct states were
 * examined.
 */
import { expect, test } from 'vitest';
import { Random } from '../../adapters/simulation/random.ts';
import { Explorer } from './explorer.ts';
import { replayable, seed, statesMin, statesWanted } from './settings.ts';
import { allHistories, someHistories } from './short-histories.ts';

const stepsMax = 3;
/** In a normal run every second recovery, by the seed, is let die too: twice as many take minutes more. */
const recoveriesOneIn = 2;
/** A state takes about half a millisecond; three times that is still no hang. */
const timeout = 300_000 + statesWanted * 1.5;

test('a log survives every crash', { timeout }, async () => {
  const recoveryCrashOneIn = statesWanted > statesMin ? 1 : recoveriesOneIn;
  const explorer = new Explorer({ seed, names: 'any', recoveryCrashes: 1, recoveryCrashOneIn });
  await replayable(seed, async () => {
    for (const history of allHistories(stepsMax)) await explorer.explore(history);
    for (const history of someHistories(new Random(seed))) {
      if (explorer.examined >= statesWanted) break;
      await explorer.explore(history);
    }
  });
  const { examined, examinedByDepth, looked, repairs } = explorer;
  const told = [...repairs].map(([kind, count]) => `${kind} ${count}`).join(', ');
  process.stdout.write(
    `crash states examined: ${examined} distinct of ${looked}; after one crash and two: ` +
      `${examinedByDepth.join(', ')}; repairs: ${told}\n`,
  );
  expect(examined).toBeGreaterThanOrEqual(Math.max(statesMin, statesWanted));
  // Otherwise the histories would not reach what they are there for.
  for (const kind of ['torn_tail', 'rewritten', 'index_rebuilt'] as const) {
    expect(repairs.get(kind)).toBeGreaterThan(100);
  }
});

test('a log survives crashes of its recovery in a row', { timeout }, async () => {
  const explorer = new Explorer({ seed, names: 'ordered', recoveryCrashes: 3 });
  await replayable(seed, async () => {
    for (const history of allHistories(1)) await explorer.explore(history);
  });
  expect(explorer.examinedByDepth.length).toBe(4);
  expect(explorer.examined).toBeGreaterThan(1_000);
});
