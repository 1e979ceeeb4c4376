/** The lock that earlier writers left: taken from those that are certainly gone, and from no others. */
import { execFile } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeEach, describe, expect, test } from 'vitest';
import { lockFolder } from '../../../adapters/log/segment/lock.ts';
import { temporaryFolder } from './folders.ts';

const now = Date.UTC(2026, 0, 1);
const run = promisify(execFile);

interface Holder {
  readonly pid: number;
  readonly host: string;
  readonly since: string;
  readonly started: string;
  readonly released: boolean;
}

describe('a lock', () => {
  let folder: string;
  let mine: Holder;

  beforeEach(async () => {
    folder = await temporaryFolder();
    const lock = await lockFolder(folder, now);
    mine = JSON.parse(await readFile(join(folder, 'LOCK.1'), 'utf8'));
    await lock.release();
  });

  const leave = (holder: Partial<Holder>) =>
    writeFile(join(folder, 'LOCK.1'), JSON.stringify({ ...mine, ...holder }));

  async function expectTaken(): Promise<void> {
    const lock = await lockFolder(folder, now);
    expect((await readdir(folder)).sort()).toEqual(['LOCK.2']);
    await expect(lockFolder(folder, now)).rejects.toMatchObject({ code: 'log_locked' });
    await lock.release();
  }

  async function expectRefused(pid: number, host: string): Promise<void> {
    await expect(lockFolder(folder, now)).rejects.toMatchObject({
      code: 'log_locked',
      message: expect.stringContaining(`process ${pid} on ${host}`),
    });
    expect(await readdir(folder)).toEqual(['LOCK.1']);
  }

  test('of a process that lives is refused', async () => {
    await leave({});
    await expectRefused(process.pid, hostname());
  });

  test('of a process that is gone is taken', async () => {
    const { stdout } = await run(process.execPath, ['-p', 'process.pid']);
    await leave({ pid: Number(stdout) });
    await expectTaken();
  });

  test('of a process whose pid was given to another one is taken', async () => {
    // The same pid, which lives, but began at another time: before, or under another boot of the machine.
    const [boot, tick] = mine.started.split('/');
    await leave({ started: `${boot}/${Number(tick) - 1}` });
    await expectTaken();
  });

  test('of a process before the machine was started anew is taken', async () => {
    const [, tick] = mine.started.split('/');
    await leave({ started: `00000000-0000-4000-8000-000000000000/${tick}` });
    await expectTaken();
  });

  test('of a live pid without a start time is refused: it may be the same process', async () => {
    await leave({ started: '' });
    await expectRefused(process.pid, hostname());
  });

  test('of another host is refused, whether or not a process here has that pid', async () => {
    const { stdout } = await run(process.execPath, ['-p', 'process.pid']);
    for (const pid of [process.pid, Number(stdout)]) {
      await leave({ pid, host: 'elsewhere.example' });
      await expectRefused(pid, 'elsewhere.example');
    }
  });

  test('that another host let go of is taken', async () => {
    await leave({ host: 'elsewhere.example', released: true });
    await expectTaken();
  });

  test.each(['', '{"pid":1', '{"pid":"1"}', '[]', 'null'])(
    'whose file a power cut left as %j is taken',
    async (text) => {
      await writeFile(join(folder, 'LOCK.1'), text);
      await expectTaken();
    },
  );
});
