/** Indexes of sealed segments: made again when they can not be used, and read when memory has none. */
import { appendFile, copyFile, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { segmentName } from '../../../adapters/log/segment/format.ts';
import { copyOf, filesWithSimulatedSyncs, killedLog, openLog } from './killed-log.ts';
import { comment } from './samples.ts';

test('a sidecar is made again when it is missing or damaged anywhere, with the same answers', async () => {
  const source = await killedLog(12, { segmentBytesMax: 600 });
  const sidecar = (await readdir(source)).filter((name) => name.endsWith('.idx')).sort()[0] ?? '';
  const whole = await readFile(join(source, sidecar));
  await copyFile(join(source, sidecar), join(source, 'whole'));
  const ids = ['T-0', 'T-1', 'T-2'];
  const truth = await openLog(source).then(async ({ log }) => {
    const tickets = await Promise.all(ids.map((id) => log.readTicket(id)));
    await log.close();
    return tickets;
  });
  for (let at = -1; at < whole.length; at += at < 90 ? 3 : 173) {
    const bytes = Buffer.from(whole);
    if (at < 0) await rm(join(source, sidecar));
    else {
      bytes[at] = (bytes[at] ?? 0) ^ 4;
      await writeFile(join(source, sidecar), bytes);
    }
    const { log } = await openLog(source, { files: filesWithSimulatedSyncs });
    expect(await Promise.all(ids.map((id) => log.readTicket(id)))).toEqual(truth);
    expect(await log.append([comment('T-0', 1)])).toMatchObject([{ status: 'conflict', actualRevision: 4 }]);
    await log.close();
  }
});

test('a sidecar that tells of another segment length is not believed', async () => {
  const source = await killedLog(12, { segmentBytesMax: 600 });
  const folder = await copyOf(source);
  const [first = '', second = ''] = (await readdir(folder)).filter((name) => name.endsWith('.idx')).sort();
  await copyFile(join(folder, second), join(folder, first));
  const { log, repairs } = await openLog(folder);
  expect(repairs).toContainEqual({
    kind: 'index_rebuilt',
    file: join(folder, first.replace('.idx', '.seg')),
  });
  expect((await log.readTicket('T-0')).length).toBe(4);
  await log.close();
});

test('zeros behind the seal of an older segment are cut off, so that its sidecar is true again', async () => {
  const folder = await killedLog(12, { segmentBytesMax: 600 });
  const path = join(folder, segmentName(1));
  const whole = await readFile(path);
  await appendFile(path, Buffer.alloc(3_000));
  const { log, repairs } = await openLog(folder);
  expect(repairs).toContainEqual({ kind: 'index_rebuilt', file: path });
  expect(await readFile(path)).toEqual(whole);
  await log.close();
  const { log: again, repairs: none } = await openLog(folder);
  expect(none).toEqual([]);
  await again.close();
});
