/**
 * Engine and log together, held against a naive model: any mixture of commands, calls that nobody waits for,
 * repeated ids, restarts, power cuts, other writers and reads. Takes about ten seconds for each log;
 * DOCKET_MODEL_SECONDS makes it longer, and tells how much was done. A failure prints its seed, path and
 * replayPath: give them back as DOCKET_MODEL_SEED, DOCKET_MODEL_PATH and DOCKET_MODEL_REPLAY, and name the
 * log with `-t`.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DeskOnLog, type Setting } from './desk-on-log.ts';
import { NaiveDesk } from './naive-desk.ts';
import { anySteps, checkAll } from './steps.ts';

const { DOCKET_MODEL_SECONDS, DOCKET_MODEL_SEED, DOCKET_MODEL_PATH, DOCKET_MODEL_REPLAY } = process.env;
const seconds = Number(DOCKET_MODEL_SECONDS ?? 10);

const anySetting = (log: Setting['log']): fc.Arbitrary<Setting> =>
  fc.record({
    log: fc.constant(log),
    segmentBytesMax: fc.constantFrom(300, 2_000, 1_000_000),
    syncPauseMs: fc.constantFrom(0, 0, 3),
    limits: fc.record({
      roundCommandsMax: fc.integer({ min: 1, max: 6 }),
      ticketsCachedMax: fc.constantFrom(1, 2, 3, 5, 8, 1_000),
      roundsInFlightMax: fc.constantFrom(1, 2, 3),
    }),
  });

test.each(['memory', 'segment'] as const)(
  'the engine on the %s log does what the model says',
  { timeout: seconds * 1_000 + 120_000 },
  async (log) => {
    const totals = { runs: 0, events: 0, accepted: 0, refused: 0, repeated: 0 };
    await fc.assert(
      fc.asyncProperty(anySetting(log), anySteps(DOCKET_MODEL_REPLAY), async (setting, steps) => {
        const real = await DeskOnLog.open(setting);
        const model = new NaiveDesk();
        try {
          await fc.asyncModelRun(() => ({ model, real }), steps);
          await checkAll(model, real);
        } finally {
          await real.close();
        }
        totals.runs += 1;
        totals.events += model.events.length;
        totals.accepted += model.accepted;
        totals.refused += model.refused;
        totals.repeated += model.repeated;
      }),
      {
        numRuns: 100_000,
        interruptAfterTimeLimit: seconds * 1_000,
        ...(DOCKET_MODEL_SEED === undefined ? {} : { seed: Number(DOCKET_MODEL_SEED) }),
        ...(DOCKET_MODEL_PATH === undefined ? {} : { path: DOCKET_MODEL_PATH }),
      },
    );
    if (DOCKET_MODEL_SECONDS !== undefined) console.info(`${log}: ${JSON.stringify(totals)}`);
    // On a machine too busy for more than a few runs, these say nothing.
    if (DOCKET_MODEL_PATH !== undefined || totals.runs < 10) return;
    // A model that everything is refused by would prove nothing.
    expect(totals.accepted).toBeGreaterThan(totals.refused / 5);
    expect(totals.repeated).toBeGreaterThan(0);
  },
);
