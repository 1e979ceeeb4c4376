/** Ticket tables leave memory oldest first, and nothing but the speed of an answer depends on them. */
import { expect, test } from 'vitest';
import { FusedFiles } from '../../../adapters/log/segment/fuse.ts';
import { OpenFiles } from '../../../adapters/log/segment/open-files.ts';
import { type Disk, recover, reindex } from '../../../adapters/log/segment/recovery.ts';
import { noTail } from '../../../adapters/log/segment/segments.ts';
import { diskFiles } from '../../../adapters/log/segment/storage.ts';
import { killedLog } from './killed-log.ts';
import { clock } from './samples.ts';

test('tables of sealed segments are kept as far as the memory goes, the newest ones', async () => {
  const folder = await killedLog(30, { segmentBytesMax: 600 });
  const files = new FusedFiles(diskFiles, folder);
  const disk: Disk = { files, open: new OpenFiles(files), folder, onRepair: () => {} };
  const { segments } = await recover(disk, clock.now());
  const sealed = segments.all.slice(0, -1);
  expect(sealed.length).toBeGreaterThan(4);
  for (const segment of sealed) segment.tickets = (await reindex(disk, segments, segment)).tickets;
  const ids = ['T-0', 'T-1', 'T-2', 'T-3'];
  const findAll = () => Promise.all(ids.map((id) => segments.findTail(id)));
  const inMemory = (id: string) => {
    const { lo, hi } = segments.hash.of(id);
    return segments.tailInMemory(id, lo, hi, noTail());
  };
  const truth = await findAll();
  expect(truth.map(({ revision }) => revision)).toEqual([10, 10, 10, 0]);
  expect(inMemory('T-3')).toBe(true);

  const before = segments.generation;
  const tableBytes = sealed[0]?.tickets?.bytes ?? 0;
  segments.keepTables(2 * tableBytes);
  expect(sealed.map(({ tickets }) => tickets !== undefined)).toEqual([
    ...sealed.slice(2).map(() => false),
    true,
    true,
  ]);
  // Whoever looked something up before must look again.
  expect(segments.generation).toBe(before + sealed.length - 2);
  expect(await findAll()).toEqual(truth);

  segments.keepTables(0);
  expect(sealed.every(({ tickets }) => tickets === undefined)).toBe(true);
  expect(segments.all.at(-1)?.tickets).toBeDefined();
  expect(segments.generation).toBe(before + sealed.length);
  expect(await findAll()).toEqual(truth);
  await disk.open.close();
});
