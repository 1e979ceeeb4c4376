/**
 * The short histories whose crashes are all tried. A crash-consistency bug nearly always shows after few
 * operations (CrashMonkey, OSDI 2018: three sufficed for most), so all short ones are worth more than some
 * long ones. The steps are chosen to differ in what they make the disk do, not in what they mean.
 */
import type { Random } from '../../adapters/simulation/random.ts';
import type { History, Step } from './history.ts';
import type { WriteSpec } from './ledger.ts';

function write(ticket: number, events: number, bodyBytes: number, more: Partial<WriteSpec> = {}): WriteSpec {
  return { ticket, events, bodyBytes, ...more };
}

export const shortSteps: readonly Step[] = [
  // Within a sector.
  { append: [[write(0, 1, 20)]] },
  // Over two sectors and two tickets, under a command id.
  { append: [[write(0, 1, 600), write(1, 2, 0, { command: true })]] },
  'reopen',
  // Over several sectors and in one piece or not at all; another call rides along or comes next.
  { append: [[write(1, 1, 900, { also: 0 })], [write(2, 1, 30)]] },
  // A conflict, which leaves nothing, and three writes that share a frame.
  { append: [[write(0, 1, 10, { conflicts: true }), write(2, 3, 0), write(1, 1, 300, { command: true })]] },
  'idle',
];

/** So small that each call begins a segment; every second or third one; hardly any. */
export const segmentSizes = [300, 1_200, 5_000];

/** Every history of so many steps; those with fewer steps are beginnings of these. */
export function* allHistories(length: number): Generator<History> {
  for (let number = 0; number < shortSteps.length ** length; number += 1) {
    const steps = Array.from({ length }, (_, at) => {
      return shortSteps[Math.floor(number / shortSteps.length ** at) % shortSteps.length] ?? 'reopen';
    });
    for (const segmentBytesMax of segmentSizes) yield { segmentBytesMax, steps };
  }
}

/** Some longer ones, without end. */
export function* someHistories(random: Random): Generator<History> {
  for (;;) {
    const steps = Array.from({ length: 4 + random.below(3) }, () => random.pick(shortSteps));
    yield { segmentBytesMax: random.pick(segmentSizes), steps };
  }
}
