/**
 * What the doctor reads of the machine, the data folder, the log and the database: from the real ones where a
 * test can cause what is to be seen, from a forged /proc where only root could.
 */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DatabaseWatch } from '../../../scripts/doctor/database-watch.ts';
import { lookAtFiles } from '../../../scripts/doctor/files.ts';
import type { Looked } from '../../../scripts/doctor/finding.ts';
import { lookAtProcess, lookAtSockets, machineTimes, queuedAt } from '../../../scripts/doctor/machine.ts';
import { acceptQueue } from '../../../scripts/doctor/patterns/accept-queue.ts';
import { fileDescriptors } from '../../../scripts/doctor/patterns/file-descriptors.ts';
import { permissions } from '../../../scripts/doctor/patterns/permissions.ts';
import { slowQueries } from '../../../scripts/doctor/patterns/slow-queries.ts';
import { readSlowLog } from '../../../scripts/doctor/slow-log.ts';
import { type TestDatabase, testDatabase } from '../../support/postgres.ts';
import { seenWith } from '../../support/seen.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'docket-facts-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function seen<T>(looked: Looked<T>): T {
  if ('unseen' in looked) throw new Error(looked.unseen);
  return looked.seen;
}

function forge(path: string, text: string): void {
  mkdirSync(join(folder, path, '..'), { recursive: true });
  writeFileSync(join(folder, path), text);
}

describe.skipIf(process.platform !== 'linux')('this machine', () => {
  it('tells the limits and open files of a process', async () => {
    const facts = seen(await lookAtProcess('/proc', process.pid));
    expect(facts.openFiles).toBeGreaterThan(3);
    expect(facts.filesSoftMax).toBeGreaterThanOrEqual(facts.openFiles);
    expect(facts.connectionsMax).toBe(16_384);
  });

  it('says of a process that has ended that it can not be looked at', async () => {
    expect(await lookAtProcess('/proc', 2 ** 30)).toEqual({
      unseen: expect.stringContaining(String(2 ** 30)),
    });
  });

  it('tells its processors’ time, which goes on', async () => {
    const before = await machineTimes('/proc');
    await sleep(50);
    const after = await machineTimes('/proc');
    expect(after?.all).toBeGreaterThan(before?.all ?? Number.POSITIVE_INFINITY);
    expect(after?.busy).toBeLessThanOrEqual(after?.all ?? 0);
  });

  it('tells how many connections wait at a port, and nothing of one where nobody listens', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    expect(await queuedAt('/proc', port)).toBe(0);
    await new Promise((resolve) => void server.close(resolve));
    expect(await queuedAt('/proc', port)).toBeUndefined();
  });
});

describe('a machine whose limits are too low, in a forged /proc because only root can set them', () => {
  it('has its somaxconn seen', async () => {
    forge('sys/net/core/somaxconn', '128\n');
    forge('sys/net/ipv4/tcp_max_syn_backlog', '2048\n');
    forge(
      'net/netstat',
      'TcpExt: SyncookiesSent ListenOverflows ListenDrops\nTcpExt: 0 41 41\nIpExt: A\nIpExt: 1\n',
    );
    const sockets = await lookAtSockets(folder, { overflowsBefore: 40, queuedMost: 3 });
    expect(seen(sockets)).toEqual({
      backlog: 511,
      somaxconn: 128,
      synBacklogMax: 2_048,
      queuedMost: 3,
      overflows: 41,
      overflowsWatched: 1,
    });
    const [finding] = acceptQueue(seenWith({ facts: { sockets } }));
    expect(finding).toMatchObject({
      severity: 'warning',
      next: expect.stringContaining('net.core.somaxconn=4096'),
    });
  });

  it('has the queue of a port seen that the server does not empty', async () => {
    const head = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt\n';
    const other = '   0: 0100007F:1CFD 00000000:0000 0A 00000000:00000007 00:00000000 00000000\n';
    const ours = '   1: 0100007F:1CFC 00000000:0000 0A 00000000:000001F4 00:00000000 00000000\n';
    forge('net/tcp', head + other + ours);
    expect(await queuedAt(folder, 7_420)).toBe(500);
  });

  it('counts the connections that the server was told to take', async () => {
    forge(
      '77/limits',
      'Limit   Soft Limit  Hard Limit  Units\nMax open files            1024                 4096    files\n',
    );
    forge('77/cmdline', ['node', 'docket.ts', 'serve', '--limit', 'connectionsMax=500', ''].join('\0'));
    mkdirSync(join(folder, '77/fd'));
    const facts = await lookAtProcess(folder, 77);
    expect(seen(facts)).toMatchObject({ connectionsMax: 500, filesSoftMax: 1_024, filesHardMax: 4_096 });
    expect(fileDescriptors(seenWith({ facts: { process: facts } }))[0]?.severity).toBe('ok');
  });
});

describe('a data folder', () => {
  const make = () => {
    chmodSync(folder, 0o700);
    for (const [name, mode] of [
      ['admin.key', 0o600],
      ['tls/cert.pem', 0o644],
      ['tls/key.pem', 0o600],
      ['webhooks/secrets.json', 0o600],
      ['log/1.seg', 0o600],
      ['postgres/PG_VERSION', 0o644],
    ] as const) {
      forge(name, 'x');
      chmodSync(join(folder, name, '..'), 0o700);
      chmodSync(join(folder, name), mode);
    }
    symlinkSync('/etc/hostname', join(folder, 'link'));
  };

  it('that is private is found well', async () => {
    make();
    expect(seen(await lookAtFiles(folder)).wide).toEqual([]);
  });

  it.each([
    ['admin.key', 0o644, 'critical'],
    ['tls/key.pem', 0o640, 'critical'],
    ['webhooks/secrets.json', 0o604, 'critical'],
    ['log/1.seg', 0o644, 'warning'],
    ['log', 0o755, 'warning'],
    ['.', 0o755, 'warning'],
    ['tls/cert.pem', 0o666, 'warning'],
  ] as const)('is found open where %s has mode %i', async (name, mode, severity) => {
    make();
    chmodSync(join(folder, name), mode);
    const files = await lookAtFiles(folder);
    expect(seen(files).wide).toMatchObject([{ path: join(folder, name), mode }]);
    const [finding] = permissions(seenWith({ facts: { files } }));
    expect(finding).toMatchObject({ severity, next: expect.stringContaining(`'${join(folder, name)}'`) });
  });
});

describe('the database', () => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await testDatabase();
  });
  afterAll(() => test.drop());

  const watch = () => new DatabaseWatch({ url: test.url, logFile: undefined, slowMs: 200, sinceMs: 0 });

  it('tells a statement that runs long', async () => {
    const slow = test.database.query('SELECT pg_sleep(0.9)');
    const watching = watch();
    await watching.begin();
    await sleep(600);
    const database = await watching.end();
    await slow;
    expect(seen(database)).toMatchObject({
      running: [{ application: 'docket-test', text: 'SELECT pg_sleep(0.9)', blockedBy: [] }],
      parked: { seen: [] },
    });
    expect(Math.abs(seen(seen(database).clock).aheadMs)).toBeLessThan(500);
    const [finding] = slowQueries(seenWith({ facts: { database } }));
    expect(finding).toMatchObject({
      severity: 'warning',
      evidence: expect.arrayContaining([expect.stringContaining('pg_sleep')]),
    });
  });

  it('tells what a statement waits for, and who holds it', async () => {
    await test.database.execute('CREATE TABLE desk (id integer)');
    let waiting: Promise<unknown> | undefined;
    let holder = 0;
    const database = await test.database.transaction(async (sql) => {
      await sql.execute('LOCK TABLE desk');
      [{ pid: holder }] = (await sql.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')) as [
        { pid: number },
      ];
      waiting = test.database.query('SELECT count(*) FROM desk');
      const watching = watch();
      await watching.begin();
      await sleep(300);
      return watching.end();
    });
    await waiting;
    expect(seen(database).running).toMatchObject([
      { text: 'SELECT count(*) FROM desk', waitsFor: 'Lock: relation', blockedBy: [holder] },
    ]);
  });

  it('that does not answer is told, with the reason', async () => {
    const url = new URL(test.url);
    url.pathname = '/nowhere';
    const watching = new DatabaseWatch({ url: url.href, logFile: undefined, slowMs: 200, sinceMs: 0 });
    await watching.begin();
    await watching.look();
    expect(await watching.end()).toEqual({ unseen: expect.stringContaining('nowhere') });
  });

  it('has its slow log read where it writes one', async () => {
    const at = new Date().toISOString().replace('T', ' ').replace('Z', ' UTC');
    forge(
      'postgres.log',
      `${at} [77] LOG:  duration: 812.345 ms  statement: SELECT pg_sleep(0.8)\n` +
        `${at} [77] LOG:  duration: 1.5 ms  execute <unnamed>: SELECT 1\n${at} [77] LOG:  ready\n`,
    );
    expect(await readSlowLog(join(folder, 'postgres.log'))).toMatchObject([
      { ms: 812.345, text: 'SELECT pg_sleep(0.8)' },
      { ms: 1.5, text: 'SELECT 1' },
    ]);
  });
});
