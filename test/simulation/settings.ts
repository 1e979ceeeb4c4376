/**
 * How the simulation tests are told what to do: `SIM_SEED` replays a run, `SIM_STATES` asks for a long one.
 * A test must never draw from any other source of chance.
 */
import { Violation } from './history.ts';

/** Distinct crash states that the normal run must come to. */
export const statesMin = 100_000;

const seedDefault = 1;

/** The seed of this run: `SIM_SEED`, or the same in every run. */
export const seed = numberFrom('SIM_SEED') ?? seedDefault;

/** A chosen seed is kept, any other run of the random part draws a new one, which is printed if it fails. */
export const freshSeed =
  numberFrom('SIM_SEED') ?? crypto.getRandomValues(new Uint32Array(1))[0] ?? seedDefault;

/** Distinct crash states that are wanted: `SIM_STATES`, where a long run is asked for. */
export const statesWanted = numberFrom('SIM_STATES') ?? statesMin;

/** Runs a part of the simulation; what goes wrong tells how to see it again. */
export async function replayable<T>(seedUsed: number, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const what = cause instanceof Error ? cause.message : String(cause);
    throw new Violation(`${what}\nsee it again: SIM_SEED=${seedUsed} npx vitest run test/simulation`, {
      cause,
    });
  }
}

function numberFrom(name: string): number | undefined {
  const text = process.env[name];
  if (text === undefined) return undefined;
  const number = Number(text);
  if (!(Number.isSafeInteger(number) && number >= 0)) {
    throw new RangeError(`${name} must be a whole number from 0 on, not ${JSON.stringify(text)}`);
  }
  return number;
}
