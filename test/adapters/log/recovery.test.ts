/** After a crash: what was acknowledged is there, and what was not is set aside. */
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fileHeaderBytes, frameHeaderBytes, segmentName } from '../../../adapters/log/segment/format.ts';
import { diskFiles } from '../../../adapters/log/segment/storage.ts';
import { temporaryFolder } from './folders.ts';
import {
  copyOf,
  filesWithSimulatedSyncs,
  frameStarts,
  killedLog,
  openLog,
  readWritten,
  segmentNames,
} from './killed-log.ts';
import { appendOneByOne, comment, readAll } from './samples.ts';

const first = segmentName(1);

describe('a torn tail', () => {
  test.each(['the end of the file', 'zeros that were written ahead'])(
    'before %s is cut at the last whole frame, whatever its length, and kept aside',
    async (before) => {
      const folder = await killedLog(4);
      await rm(join(folder, 'durable'));
      const path = join(folder, first);
      const whole = await readWritten(path);
      const zeros = Buffer.alloc(before === 'the end of the file' ? 0 : 3_000);
      const [third = 0, fourth = 0] = frameStarts(whole).slice(2);
      // Every length of the last frame, and a sample of the one before it.
      for (let length = third; length < whole.length; length += length < fourth - 9 ? 9 : 1) {
        await writeFile(path, Buffer.concat([whole.subarray(0, length), zeros]));
        const { log, repairs } = await openLog(folder, {
          files: filesWithSimulatedSyncs,
          prewrittenBytes: 4_096,
        });
        const kept = length < fourth ? 2 : 3;
        expect((await readAll(log)).map((event) => event.position)).toEqual([1, 2, 3].slice(0, kept));
        const cut = length < fourth ? third : fourth;
        if (length === cut) expect(repairs.map(({ kind }) => kind)).toEqual(['rewritten']);
        else {
          // A write may end with zeros of its own, which nobody can tell from those ahead of it.
          const tail = whole.subarray(cut, length);
          const bytes = tail.findLastIndex((byte) => byte !== 0) + 1;
          expect(repairs).toMatchObject([{ kind: 'torn_tail', file: path, offset: cut, bytes }]);
          const keptIn = repairs[0]?.kind === 'torn_tail' ? repairs[0].keptIn : '';
          expect(await readFile(keptIn)).toEqual(tail.subarray(0, bytes));
          await rm(keptIn);
        }
        expect((await stat(path)).size).toBe(cut);
        const [outcome] = await log.append([comment('new', 0)]);
        expect(outcome).toMatchObject({ status: 'appended', position: kept + 1 });
        await log.close();
        await rm(join(folder, 'durable'));
      }
    },
  );

  test('of left-over bytes is cut too, and what was set aside before is kept', async () => {
    const folder = await killedLog(3);
    const path = join(folder, first);
    for (const tail of [Buffer.from('DKTF'.repeat(100)), Buffer.from('\0\0DKTF')]) {
      await writeFile(path, Buffer.concat([await readWritten(path), tail, Buffer.alloc(5_000)]));
      const { log, repairs } = await openLog(folder);
      expect(await log.head()).toBe(3);
      expect(repairs).toMatchObject([{ kind: 'torn_tail', bytes: tail.length }]);
      await log.close();
    }
    expect((await readdir(folder)).filter((name) => name.includes('.torn-')).length).toBe(2);
  });

  test('of a segment that was just being made is set aside', async () => {
    for (const length of [0, 1, fileHeaderBytes - 1, fileHeaderBytes]) {
      const folder = await temporaryFolder();
      const { log } = await openLog(folder, { segmentBytesMax: 200 });
      await appendOneByOne(log, 6);
      await log.append([comment('last', 0, 'x'.repeat(300))]);
      await log.append([comment('last', 1)]);
      await log.close();
      const lastName = (await segmentNames(folder)).at(-1) ?? '';
      const position = Number.parseInt(lastName, 10);
      await writeFile(join(folder, lastName), Buffer.alloc(length));
      await rm(join(folder, 'durable'));
      const { log: again } = await openLog(folder, { segmentBytesMax: 200 });
      expect(await again.head()).toBe(position - 1);
      expect(await again.append([comment('new', 0)])).toMatchObject([{ status: 'appended', position }]);
      await again.close();
    }
  });
});

describe('the last segment', () => {
  /** Whether opening put another file in the segment's place. */
  async function isCopiedOnOpen(folder: string, name: string): Promise<boolean> {
    const before = await stat(join(folder, name));
    const { log, repairs } = await openLog(folder);
    const { ino } = await stat(join(folder, name));
    await log.close();
    expect(repairs.some(({ kind }) => kind === 'rewritten')).toBe(ino !== before.ino);
    return ino !== before.ino;
  }

  test('without a mark at its end is copied, even if the durable file knows all of it', async () => {
    expect(await isCopiedOnOpen(await killedLog(4), first)).toBe(true);
    // One without events as well: its name may not be durable.
    expect(await isCopiedOnOpen(await killedLog(0), first)).toBe(true);
  });

  test('that was sealed before a crash is copied before another one follows it', async () => {
    const source = await killedLog(12, { segmentBytesMax: 600 });
    for (const withSidecar of [true, false]) {
      const folder = await copyOf(source);
      const [name = '', ...later] = await segmentNames(folder);
      for (const other of later) await rm(join(folder, other));
      await rm(join(folder, 'durable'));
      if (!withSidecar) await rm(join(folder, name.replace('.seg', '.idx')));
      const path = join(folder, name);
      const whole = await readFile(path);
      // The zeros that a crash left behind the seal go, too.
      await writeFile(path, Buffer.concat([whole, Buffer.alloc(withSidecar ? 0 : 700)]));
      expect(await isCopiedOnOpen(folder, name)).toBe(true);
      expect(await readFile(path)).toEqual(whole);
      expect((await segmentNames(folder)).length).toBe(2);
    }
  });

  test('after a clean close is served as it is, with zeros behind it or without', async () => {
    const folder = await temporaryFolder();
    await openLog(folder).then(async ({ log }) => {
      await appendOneByOne(log, 3);
      await log.close();
    });
    const path = join(folder, first);
    expect(await isCopiedOnOpen(folder, first)).toBe(false);
    await writeFile(path, Buffer.concat([await readFile(path), Buffer.alloc(5_000)]));
    expect(await isCopiedOnOpen(folder, first)).toBe(false);
    expect((await stat(path)).size).toBe((await readWritten(path)).length);
  });

  test('that is served as it is gets its mark synced again before anything follows it', async () => {
    const folder = await temporaryFolder();
    await openLog(folder).then(async ({ log }) => {
      await appendOneByOne(log, 3);
      await log.close();
    });
    const path = join(folder, first);
    const whole = await readFile(path);
    const steps: string[] = [];
    const { log } = await openLog(folder, {
      files: {
        ...diskFiles,
        async open(opened, mode) {
          const file = await diskFiles.open(opened, mode);
          if (opened !== path || mode !== 'write') return file;
          return {
            read: (target, position) => file.read(target, position),
            write: async (bytes, position) => {
              steps.push(`write ${position} ${Buffer.from(bytes).equals(whole.subarray(position))}`);
              await file.write(bytes, position);
            },
            sync: async () => {
              steps.push('sync');
              await file.sync();
            },
            size: () => file.size(),
            truncate: (bytes) => file.truncate(bytes),
            close: () => file.close(),
          };
        },
      },
    });
    expect(steps).toEqual([`write ${whole.length - frameHeaderBytes} true`, 'sync']);
    expect(await readFile(path)).toEqual(whole);
    await log.close();
  });

  test('is copied whole or not at all: a draft that a crash left is thrown away', async () => {
    const folder = await killedLog(4);
    const path = join(folder, first);
    await writeFile(`${path}.tmp`, (await readFile(path)).subarray(0, 100));
    const { log } = await openLog(folder);
    expect((await readAll(log)).length).toBe(4);
    expect((await readdir(folder)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    await log.close();
  });
});
