/** What the disk alone takes, in writes as large as the engine's and as small as one command's. */

import { median } from '../statistics/robust.ts';
import { figureOf } from './figures.ts';
import { rawDiskRate, writeAndSync } from './raw-disk.ts';
import { count, type Section } from './report.ts';
import { Turns } from './turns.ts';
import type { Bench } from './workspace.ts';

const largeBytes = 256 * 1_024;
const largeWrites = 200;
const smallBytes = 256;
const smallWrites = 1_000;

export async function diskSection(bench: Bench): Promise<Section> {
  const turns = new Turns();
  const large = turns.add(() => rawDiskRate(bench, largeBytes, largeWrites));
  const small = turns.add(async () => median(await writeAndSync(bench, smallBytes, smallWrites)) * 1e6);
  await turns.run(bench.rounds, bench.signal);
  return {
    title: '2. disk: bare write + fdatasync, blocking calls, one file',
    figures: [
      figureOf({
        id: 'disk-large-writes',
        role: 'raw',
        what: 'large writes',
        unit: 'bytes/s',
        rounds: large,
        conditions: `${count(largeBytes / 1_024)} KiB each, ${count(largeWrites)} a round`,
      }),
      figureOf({
        id: 'disk-small-writes',
        role: 'raw',
        what: 'small writes',
        unit: 'µs',
        rounds: small,
        conditions: `${smallBytes} bytes each; medians of ${count(smallWrites)} a round`,
      }),
    ],
    notes: [],
  };
}
