/** The disk of this machine does what the log asks of a disk. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { diskFiles, type SegmentFiles } from '../../../adapters/log/segment/storage.ts';
import { temporaryFolder } from './folders.ts';

test('a file is shortened to the byte, and lengthened with zeros', async () => {
  const path = join(await temporaryFolder(), 'file');
  const file = await diskFiles.open(path, 'create');
  await file.write(Buffer.from('abcdef'), 0);
  await file.truncate(4);
  await file.sync();
  expect(await file.size()).toBe(4);
  await file.truncate(6);
  expect(await file.size()).toBe(6);
  await file.close();
  expect(await readFile(path)).toEqual(Buffer.from('abcd\0\0'));
});

test('a new folder and those above it are durable, and belong to their owner alone', async () => {
  const outer = await temporaryFolder();
  const synced: string[] = [];
  const files: SegmentFiles = {
    ...diskFiles,
    syncDirectory: async (folder) => {
      synced.push(folder);
      await diskFiles.syncDirectory(folder);
    },
  };
  const inner = join(outer, 'a', 'b', 'c');
  await files.makeFolder(inner);
  expect(synced).toEqual([join(outer, 'a', 'b'), join(outer, 'a'), outer]);
  for (const folder of [inner, join(outer, 'a')]) expect((await stat(folder)).mode & 0o777).toBe(0o700);
  await files.makeFolder(inner);
  expect(synced.length).toBe(3);
});
