/**
 * The embedded server over its life: start, share, hand over, stop, and every death. The openers that die
 * are real processes, killed by SIGKILL.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { findBinaries } from '../../../adapters/postgres/binaries.ts';
import { openDatabase } from '../../../adapters/postgres/database.ts';
import {
  type EmbeddedOptions,
  type EmbeddedPostgres,
  openEmbeddedPostgres,
} from '../../../adapters/postgres/embedded.ts';
import { identify, isAlive, type ProcessIdentity } from '../../../adapters/postgres/process-identity.ts';
import { waitForEnd } from '../../../adapters/postgres/server-process.ts';
import { readRecord } from '../../../adapters/postgres/server-record.ts';
import { testFolder } from '../../support/postgres.ts';
import type { Opened } from './opener.ts';

const asRoot = process.getuid?.() === 0;
const serverSettings = { shared_buffers: '32MB' };
const nobody = 65_534;

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** Everything that the test started on this folder is ended with it. */
function folder(): string {
  const path = testFolder();
  cleanups.push(async () => {
    const server = readRecord(path)?.server;
    if (server !== undefined && isAlive(server)) {
      process.kill(server.pid, 'SIGQUIT');
      await waitForEnd(server, 5_000);
    }
    rmSync(path, { recursive: true, force: true });
  });
  return path;
}

function open(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  return openEmbeddedPostgres({ port: anyPort(), serverSettings, ...options });
}

const anyPort = (): number => 26_000 + Math.floor(Math.random() * 6_000);

interface Opener {
  readonly process: ChildProcess;
  readonly opened: Extract<Opened, { url: string }>;
  kill(): Promise<void>;
  finish(): Promise<void>;
}

/** Another docket process that has opened the server. */
async function opener(options: EmbeddedOptions, runAs: { uid?: number; gid?: number } = {}): Promise<Opener> {
  const script = fileURLToPath(new URL('./opener.ts', import.meta.url));
  const argument = JSON.stringify({ port: anyPort(), serverSettings, ...options });
  const child = spawn(process.execPath, [script, argument], { ...runAs, stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  cleanups.push(() => child.kill('SIGKILL'));
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  const opened = JSON.parse(line) as Opened;
  if ('fault' in opened) throw new Error(opened.message);
  return {
    process: child,
    opened,
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
    async finish() {
      child.stdin.end();
      await exited;
    },
  };
}

function running(pid: number): ProcessIdentity {
  const found = identify(pid);
  if (found === undefined) throw new Error(`process ${pid} does not run`);
  return found;
}

/** Runs one statement and answers its first value. */
async function ask(url: string, text: string): Promise<unknown> {
  const database = openDatabase(url, { applicationName: 'docket-test' });
  try {
    const [row] = await database.query(text);
    return row === undefined ? undefined : Object.values(row)[0];
  } finally {
    await database.close();
  }
}

describe('one process', () => {
  test('starts, stops, and finds its data and its port again', async () => {
    const dataFolder = folder();
    const first = await open({ dataFolder });
    expect(first.owned).toBe(true);
    await ask(first.url, 'CREATE TABLE kept AS SELECT 42 AS answer');
    const server = running(first.serverPid);
    await first.stop();
    await first.stop();
    expect(isAlive(server)).toBe(false);
    const second = await open({ dataFolder });
    expect(second.url).toBe(first.url);
    expect(await ask(second.url, 'SELECT answer FROM kept')).toBe(42);
    await second.stop();
  });

  test('keeps what must not be traded for speed, and lets in only who knows the password', async () => {
    const dataFolder = folder();
    const { url, clusterFolder, stop } = await open({ dataFolder });
    for (const [setting, value] of [
      ['fsync', 'on'],
      ['full_page_writes', 'on'],
      ['synchronous_commit', 'on'],
      ['data_checksums', 'on'],
      ['listen_addresses', '127.0.0.1'],
      ['unix_socket_directories', ''],
      ['server_encoding', 'UTF8'],
      ['TimeZone', 'UTC'],
    ]) {
      expect([setting, await ask(url, `SHOW ${setting}`)]).toEqual([setting, value]);
    }
    const stranger = new URL(url);
    stranger.password = 'guess';
    await expect(ask(stranger.href, 'SELECT 1')).rejects.toMatchObject({ code: 'database_unavailable' });
    for (const name of ['postgres.json', 'postgres.log']) {
      expect([name, statSync(join(dataFolder, name)).mode & 0o777]).toEqual([name, 0o600]);
    }
    expect(statSync(clusterFolder).mode & 0o777).toBe(0o700);
    await stop();
  });

  test('moves to another port when its own is taken', async () => {
    const dataFolder = folder();
    const first = await open({ dataFolder });
    await first.stop();
    const squatter = createServer().listen(first.port, '127.0.0.1');
    await once(squatter, 'listening');
    const second = await open({ dataFolder });
    expect(second.port).not.toBe(first.port);
    expect(await ask(second.url, 'SELECT 1')).toBe(1);
    await second.stop();
    squatter.close();
  });

  test('recovers after the postmaster was killed', async () => {
    const dataFolder = folder();
    const first = await open({ dataFolder });
    await ask(first.url, 'CREATE TABLE kept AS SELECT 42 AS answer');
    const server = running(first.serverPid);
    process.kill(first.serverPid, 'SIGKILL');
    await waitForEnd(server, 5_000);
    const second = await open({ dataFolder });
    expect(second.serverPid).not.toBe(first.serverPid);
    expect(await ask(second.url, 'SELECT answer FROM kept')).toBe(42);
    await first.stop();
    expect(await ask(second.url, 'SELECT 1')).toBe(1);
    await second.stop();
  });

  test('makes a new password when the record was lost, also while the server still runs', async () => {
    const dataFolder = folder();
    const first = await open({ dataFolder });
    await ask(first.url, 'CREATE TABLE kept AS SELECT 42 AS answer');
    rmSync(join(dataFolder, 'postgres.json'));
    const second = await open({ dataFolder });
    expect(second.url).not.toBe(first.url);
    expect(await ask(second.url, 'SELECT answer FROM kept')).toBe(42);
    await second.stop();
  });

  test('says what the server said when it does not start, and where the log is', async () => {
    const dataFolder = folder();
    const bad = open({ dataFolder, serverSettings: { shared_buffers: 'plenty' } });
    await expect(bad).rejects.toMatchObject({
      code: 'database_unavailable',
      message: expect.stringMatching(/postgres\.log[\s\S]*shared_buffers[\s\S]*plenty/),
    });
    const good = await open({ dataFolder });
    await good.stop();
  });
});

describe('several processes', () => {
  test('started together share one server, and only its owner stops it', async () => {
    const dataFolder = folder();
    const openers = await Promise.all([1, 2, 3].map(() => opener({ dataFolder })));
    const owners = openers.filter((one) => one.opened.owned);
    const guests = openers.filter((one) => !one.opened.owned);
    expect([owners.length, guests.length]).toEqual([1, 2]);
    expect(new Set(openers.map((one) => one.opened.serverPid)).size).toBe(1);
    const server = running(openers[0]?.opened.serverPid ?? 0);
    for (const guest of guests) await guest.finish();
    expect(isAlive(server)).toBe(true);
    for (const owner of owners) await owner.finish();
    expect(isAlive(server)).toBe(false);
  });

  test('a server dies with its owner, even a killed one; the next opener starts it again', async () => {
    const dataFolder = folder();
    const owner = await opener({ dataFolder });
    await ask(owner.opened.url, 'CREATE TABLE kept AS SELECT 42 AS answer');
    const server = running(owner.opened.serverPid);
    await owner.kill();
    const next = await open({ dataFolder });
    expect([next.owned, isAlive(server)]).toEqual([true, false]);
    expect(await ask(next.url, 'SELECT answer FROM kept')).toBe(42);
    await next.stop();
  });

  test('a server that outlives its killed owner is adopted by the next opener, who then stops it', async () => {
    const dataFolder = folder();
    const owner = await opener({ dataFolder, outliveOwner: true });
    await owner.kill();
    const heir = await open({ dataFolder });
    expect([heir.serverPid, heir.owned]).toEqual([owner.opened.serverPid, true]);
    const server = running(heir.serverPid);
    await heir.stop();
    expect(isAlive(server)).toBe(false);
  });

  test('serve takes over from a command, whose end or death then stops nothing', async () => {
    const dataFolder = folder();
    for (const end of ['finish', 'kill'] as const) {
      const command = await opener({ dataFolder });
      const serve = await open({ dataFolder, takeOwnership: true });
      expect([serve.serverPid, serve.owned]).toEqual([command.opened.serverPid, true]);
      await command[end]();
      expect(await ask(serve.url, 'SELECT 1')).toBe(1);
      await serve.stop();
    }
  });

  test('a lock left by a dead process is broken; a living holder is waited for, not for ever', async () => {
    const dataFolder = folder();
    const lock = join(dataFolder, 'postgres.lock');
    writeFileSync(lock, JSON.stringify({ pid: process.pid, startedAt: 'long ago', id: 'x' }));
    const server = await open({ dataFolder });
    await server.stop();
    writeFileSync(lock, JSON.stringify({ ...running(process.pid), id: 'x' }));
    await expect(open({ dataFolder, lockWaitMsMax: 100 })).rejects.toMatchObject({
      code: 'database_unavailable',
    });
  });
});

describe('users', () => {
  test.runIf(asRoot)('an ordinary user has all in the data folder; root may then help out', async () => {
    const dataFolder = folder();
    const owner = await opener({ dataFolder }, { uid: nobody, gid: nobody });
    expect(owner.opened.clusterFolder).toBe(join(dataFolder, 'postgres'));
    expect(statSync(`/proc/${owner.opened.serverPid}`).uid).toBe(nobody);
    await owner.finish();
    const root = await open({ dataFolder });
    expect([root.clusterFolder, root.port]).toEqual([owner.opened.clusterFolder, owner.opened.port]);
    await root.stop();
    const again = await opener({ dataFolder }, { uid: nobody, gid: nobody });
    await again.finish();
    for (const name of ['postgres.json', 'postgres.log']) {
      expect([name, statSync(join(dataFolder, name)).uid]).toEqual([name, nobody]);
    }
  });

  test.runIf(asRoot)('root works from folders that only root can enter', async () => {
    const closed = join('/root', `docket-test-${process.pid}`);
    mkdirSync(closed, { mode: 0o700 });
    cleanups.push(() => rmSync(closed, { recursive: true, force: true }));
    const source = dirname(findBinaries().folder);
    const packageFolder = join(closed, 'node_modules', 'package');
    cpSync(source, packageFolder, { recursive: true, verbatimSymlinks: true });
    // As an installation under umask 077 leaves it.
    chmodSync(join(packageFolder, 'native', 'bin', 'postgres'), 0o700);
    const dataFolder = join(closed, 'data');
    const first = await open({ dataFolder, packageFolder });
    const stage = dirname(first.clusterFolder);
    cleanups.push(() => rmSync(stage, { recursive: true, force: true }));
    expect(stage).toMatch(/^\/var\/(lib|tmp)\/docket-[0-9a-f]{16}$/);
    expect([statSync(stage).uid, statSync(stage).mode & 0o777]).toEqual([0, 0o711]);
    expect(statSync(`/proc/${first.serverPid}`).uid).not.toBe(0);
    await ask(first.url, 'CREATE TABLE kept AS SELECT 42 AS answer');
    await first.stop();
    const second = await open({ dataFolder, packageFolder });
    expect(await ask(second.url, 'SELECT answer FROM kept')).toBe(42);
    await second.stop();
    // A folder that somebody else put there, or a link to one, is refused or passed by.
    rmSync(stage, { recursive: true });
    rmSync(join(dataFolder, 'postgres.json'));
    mkdirSync(join(closed, 'trap'));
    symlinkSync(join(closed, 'trap'), stage);
    const third = await open({ dataFolder, packageFolder });
    cleanups.push(() => rmSync(dirname(third.clusterFolder), { recursive: true, force: true }));
    expect(dirname(third.clusterFolder)).not.toBe(stage);
    expect(existsSync(join(closed, 'trap', 'postgres'))).toBe(false);
    await third.stop();
  });

  test('a package whose links were never made (npm ci --ignore-scripts) works all the same', async () => {
    const dataFolder = folder();
    const packageFolder = join(dataFolder, 'package');
    cpSync(dirname(findBinaries().folder), packageFolder, {
      recursive: true,
      filter: (path) => !lstatSync(path).isSymbolicLink(),
    });
    const server = await open({ dataFolder, packageFolder });
    expect(await ask(server.url, 'SELECT 1')).toBe(1);
    await server.stop();
  });
});
