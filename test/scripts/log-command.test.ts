/** `docket log list|compress|archive` as a person runs them, on a log of small segments. */
import { mkdtempSync, readdirSync, readlinkSync, realpathSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSegmentLog } from '../../adapters/log/segment/segment-log.ts';
import type { SegmentDescription } from '../../adapters/log/segment/segment-upkeep.ts';
import { appendOneByOne, clock } from '../adapters/log/samples.ts';
import { docket, docketJson } from '../support/docket.ts';

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'docket-log-command-')));
const dataDir = join(folder, 'data');
const cold = join(folder, 'cold/docket');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

beforeAll(async () => {
  const log = await openSegmentLog({ folder: join(dataDir, 'log'), clock, segmentBytesMax: 700 });
  await appendOneByOne(log, 30);
  await log.close();
});

async function states(): Promise<string[]> {
  const segments = (await docketJson('log', 'list', '--data-dir', dataDir)) as SegmentDescription[];
  return segments.map(({ state }) => state);
}

describe('docket log', { timeout: 60_000 }, () => {
  it('lists, compresses, archives, and every other command reads on', async () => {
    const before = await states();
    expect(before.slice(-2)).toEqual(['sealed', 'growing']);
    expect(before.length).toBeGreaterThan(4);
    const verified = await docket('verify', '--json', '--data-dir', dataDir);
    expect(JSON.parse(verified.stdout)).toMatchObject({ events: 30 });
    const compress = (await docketJson('log', 'compress', '--data-dir', dataDir)) as { segments: number };
    expect(compress.segments).toBe(before.length - 3);
    const archive = await docket('log', 'archive', '--keep', '4', '--to', cold, '--data-dir', dataDir);
    expect(archive).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/archived \d+ segments, .* to 1/),
    });
    expect(readlinkSync(join(dataDir, 'log/archive'))).toBe(cold);
    const archivedCount = before.length - 5;
    expect(readdirSync(cold).length).toBe(archivedCount);
    expect(await states()).toEqual([
      ...Array.from({ length: archivedCount }, () => 'archived'),
      'compressed',
      'compressed',
      'sealed',
      'sealed',
      'growing',
    ]);
    expect(await docket('verify', '--json', '--data-dir', dataDir)).toEqual(verified);
    const list = await docket('log', 'list', '--data-dir', dataDir);
    expect(list.stdout).toMatch(/first +last +state/);
    expect(list.stdout).toMatch(/\d+ segments, .* on disk/);
  });

  it('refuses an archive elsewhere than the one it has, and a folder that holds segments', async () => {
    const elsewhere = await docket('log', 'archive', '--to', join(folder, 'other'), '--data-dir', dataDir);
    expect(elsewhere).toMatchObject({ code: 3, stderr: expect.stringMatching(/is .*cold\/docket already/) });
    const same = await docket('log', 'archive', '--to', cold, '--keep', '4', '--data-dir', dataDir);
    expect(same).toMatchObject({ code: 0, stdout: expect.stringMatching(/nothing to do/) });
    const second = join(folder, 'second');
    await docketJson('simulate', '--tickets', '1', '--data-dir', second);
    const shared = await docket('log', 'archive', '--to', cold, '--data-dir', second);
    expect(shared).toMatchObject({ code: 3, stderr: expect.stringMatching(/holds segments of some log/) });
    const inside = await docket('log', 'archive', '--to', join(second, 'log'), '--data-dir', second);
    expect(inside).toMatchObject({ code: 3, stderr: expect.stringMatching(/in the log's own folder/) });
  });

  it('says that the archive is not there, and where a missing segment was looked for', async () => {
    renameSync(cold, `${cold}-away`);
    const archive = await docket('log', 'archive', '--data-dir', dataDir);
    expect(archive).toMatchObject({ code: 3, stderr: expect.stringMatching(/is its disk mounted/) });
    const verify = await docket('verify', '--data-dir', dataDir);
    expect(verify).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/missing; it was looked for at .*archive\/0+1\.seg\.zst/),
    });
    renameSync(`${cold}-away`, cold);
    expect((await states())[0]).toBe('archived');
  });

  it('says that there is no log, and which number is right', async () => {
    const none = await docket('log', 'list', '--data-dir', join(folder, 'none'));
    expect(none).toMatchObject({ code: 3, stderr: expect.stringMatching(/there is no log in/) });
    const keep = await docket('log', 'compress', '--keep', 'all', '--data-dir', dataDir);
    expect(keep).toMatchObject({ code: 2, stderr: expect.stringMatching(/whole number of at least 0/) });
  });
});
