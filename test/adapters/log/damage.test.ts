/** Damage to what was acknowledged is refused, with nothing changed, or found; it is never read around. */
import { appendFile, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fileHeaderBytes, LogDamage, segmentName } from '../../../adapters/log/segment/format.ts';
import { verifySegments } from '../../../adapters/log/segment/verify.ts';
import { temporaryFolder } from './folders.ts';
import {
  contentsOf,
  copyOf,
  damageOf,
  filesWithSimulatedSyncs,
  frameStarts,
  killedLog,
  openLog,
  readWritten,
  segmentNames,
} from './killed-log.ts';
import { appendOneByOne, comment, readAll } from './samples.ts';

const first = segmentName(1);

async function flip(path: string, at: number): Promise<void> {
  const bytes = await readFile(path);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  await writeFile(path, bytes);
}

/** That opening refuses with this damage, tells it in words, and changes nothing. */
async function expectRefused(folder: string, file: string, offset: number, position: number): Promise<void> {
  const before = await contentsOf(folder);
  const damage = await damageOf(() => openLog(folder));
  expect(damage).toMatchObject({ code: 'log_damaged', file, offset, position });
  expect(damage.message).toContain(`${file} is damaged at byte ${offset}, position ${position}: `);
  expect(await contentsOf(folder)).toEqual(before);
}

describe('damage below an offset that is known to be durable', () => {
  test('by the durable file is refused: a file cut short, zeros, a bad frame', async () => {
    const source = await killedLog(4);
    const starts = frameStarts(await readFile(join(source, first)));
    const [, , , fourth = 0, end = 0] = starts;
    for (const harm of ['cut', 'zeros', 'flip'] as const) {
      const folder = await copyOf(source);
      const path = join(folder, first);
      if (harm === 'flip') await flip(path, fourth + 60);
      else await truncate(path, fourth);
      if (harm === 'zeros') await truncate(path, end + 3_000);
      // A draft is something that opening would remove, if it got so far.
      await writeFile(`${path}.tmp`, 'draft');
      await expectRefused(folder, path, fourth, 4);
    }
  });

  test('by a frame behind it is refused, even from far behind', async () => {
    const folder = await temporaryFolder();
    const { log } = await openLog(folder);
    await appendOneByOne(log, 2);
    await log.append([comment('long', 0, 'x'.repeat(2_500_000))]);
    await log.append([comment('last', 0)]);
    const killed = await copyOf(folder);
    await log.close();
    await rm(join(killed, 'durable'));
    const path = join(killed, first);
    const [, second = 0, third = 0, fourth = 0] = frameStarts(await readFile(path));
    for (const [frame, position] of [
      [second, 2],
      [third, 3],
    ] as const) {
      await flip(path, frame + 60);
      await expectRefused(killed, path, frame, position);
      await flip(path, frame + 60);
    }
    // The last frame is proven by none: as far as the bytes tell, it is a torn write.
    await flip(path, fourth + 60);
    const { log: again } = await openLog(killed);
    expect(await again.head()).toBe(3);
    await again.close();
  });

  test("by a closing mark is refused without the durable file: even the last frame's", async () => {
    const folder = await temporaryFolder();
    const { log } = await openLog(folder);
    await appendOneByOne(log, 3);
    await log.close();
    await rm(join(folder, 'durable'));
    const path = join(folder, first);
    const lastEvent = frameStarts(await readFile(path))[2] ?? 0;
    await flip(path, lastEvent + 70);
    await expectRefused(folder, path, lastEvent, 3);
  });

  test('by the sidecar is refused, where the sealed segment is the last one there', async () => {
    const folder = await killedLog(12, { segmentBytesMax: 600 });
    const [name = '', ...later] = await segmentNames(folder);
    for (const other of later) await rm(join(folder, other));
    await rm(join(folder, 'durable'));
    const path = join(folder, name);
    const starts = frameStarts(await readFile(path));
    const last = starts.at(-3) ?? 0;
    await truncate(path, last);
    await expectRefused(folder, path, last, starts.length - 2);
  });

  test('of the last segment is told before older segments are mended', async () => {
    const folder = await killedLog(12, { segmentBytesMax: 600 });
    const names = await segmentNames(folder);
    await rm(join(folder, first.replace('.seg', '.idx')));
    const path = join(folder, names.at(-1) ?? '');
    await flip(path, fileHeaderBytes + 60);
    await expectRefused(folder, path, fileHeaderBytes, Number.parseInt(names.at(-1) ?? '', 10));
  });
});

describe('damage', () => {
  test('of any byte of what was acknowledged is refused or found, and never read as something else', async () => {
    const source = await killedLog(5);
    const path = join(source, first);
    const whole = (await readFile(path)).subarray(0, (await readWritten(path)).length + 20);
    const { log } = await openLog(source);
    const truth = await readAll(log);
    await log.close();
    const [, , , , lastFrame = 0, end = 0] = frameStarts(whole);
    for (let at = 0; at < whole.length; at += 1) {
      const bytes = Buffer.from(whole);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << (at % 8));
      const folder = await temporaryFolder();
      await writeFile(join(folder, first), bytes);
      try {
        const { log: opened } = await openLog(folder, {
          files: filesWithSimulatedSyncs,
          prewrittenBytes: 4_096,
        });
        // Only the last frame is not proven by another one; without it, the rest must be as it was.
        expect(at).toBeGreaterThanOrEqual(lastFrame);
        expect(await readAll(opened)).toEqual(truth.slice(0, at < end ? 4 : 5));
        await opened.close();
      } catch (error) {
        if (!(error instanceof LogDamage)) throw error;
        expect(error.file).toBe(join(folder, first));
        expect(error.offset).toBeLessThanOrEqual(at);
        expect(error.position).toBeLessThanOrEqual(5);
        expect(await readFile(join(folder, first))).toEqual(bytes);
      }
    }
  });

  test('of a sealed segment is found by reading and by verifying, with file, byte and position', async () => {
    const folder = await killedLog(12, { segmentBytesMax: 600 });
    const path = join(folder, first);
    const whole = await readFile(path);
    expect((await verifySegments(folder)).events).toBe(12);
    const starts = frameStarts(whole);
    for (let at = fileHeaderBytes; at < whole.length; at += 7) {
      const bytes = Buffer.from(whole);
      bytes[at] = (bytes[at] ?? 0) ^ 0x10;
      await writeFile(path, bytes);
      const frame = starts.findLastIndex((start) => start <= at);
      const damage = { file: path, offset: starts[frame], position: frame + 1 };
      expect(await damageOf(() => verifySegments(folder))).toMatchObject(damage);
      const { log } = await openLog(folder, {
        files: filesWithSimulatedSyncs,
        prewrittenBytes: 4_096,
      });
      expect(await damageOf(() => readAll(log))).toMatchObject(damage);
      await log.close();
    }
  });

  test('of a sealed segment is refused where it has to be indexed anew', async () => {
    const folder = await killedLog(12, { segmentBytesMax: 600 });
    const path = join(folder, first);
    await rm(path.replace('.seg', '.idx'));
    const second = frameStarts(await readFile(path))[1] ?? 0;
    await flip(path, second + 60);
    await expectRefused(folder, path, second, 2);
  });

  test('a missing segment is told, with the position that it would begin with', async () => {
    for (const which of [0, 1, -1]) {
      const folder = await killedLog(12, { segmentBytesMax: 600 });
      const name = (await segmentNames(folder)).at(which) ?? '';
      await rm(join(folder, name));
      const damage = await damageOf(() => openLog(folder).then(({ log }) => readAll(log)));
      expect(damage).toMatchObject({ code: 'log_damaged', position: Number.parseInt(name, 10) });
    }
  });

  test('in a row of zeros that was written ahead costs nothing but the copy', async () => {
    const folder = await killedLog(3);
    const path = join(folder, first);
    await appendFile(path, 'x');
    const { log, repairs } = await openLog(folder);
    expect((await readAll(log)).length).toBe(3);
    expect(repairs.map(({ kind }) => kind)).toEqual(['torn_tail']);
    await log.close();
  });
});
