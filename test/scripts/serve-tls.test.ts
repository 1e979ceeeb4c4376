/**
 * `docket cert` and `docket serve` with what it made: who believes the server, and how its certificate
 * changes.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { docket, docketJson, type RunningServer, serve } from '../support/docket.ts';
import { testFolder } from '../support/postgres.ts';

const dataDir = testFolder();
const folder = join(dataDir, 'tls');
const certFile = join(folder, 'cert.pem');
const keyFile = join(folder, 'key.pem');
const tls = ['--tls-cert', certFile, '--tls-key', keyFile];
let made: { fingerprint: string; names: readonly string[] };
let server: RunningServer;

beforeAll(async () => {
  made = (await docketJson('cert', '--host', 'docket.example', '--data-dir', dataDir)) as typeof made;
  server = await serve(dataDir, {}, tls);
});
afterAll(async () => {
  await server.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

/** What curl says of the protocol and status it got; 127.0.0.1 unless told otherwise. */
function curl(...args: readonly string[]): string {
  const { port } = new URL(server.url);
  const told = ['-sS', '-o', '/dev/null', '-w', '%{http_version} %{http_code}'];
  return execFileSync('curl', [...told, ...args, `https://localhost:${port}/healthz`], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** The fingerprint of what the server shows now. */
async function shown(): Promise<string> {
  const { port, hostname } = new URL(server.url);
  return new Promise((resolve, reject) => {
    const socket = connect({ port: Number(port), host: hostname, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().fingerprint256);
      socket.destroy();
    }).on('error', reject);
  });
}

describe('docket cert', () => {
  it('makes a pair of which others can not read the key, and tells its fingerprint', async () => {
    expect(statSync(keyFile).mode & 0o777).toBe(0o600);
    expect(made.names).toEqual(['localhost', '127.0.0.1', '::1', 'docket.example']);
    expect(await shown()).toBe(made.fingerprint);
  });

  it('replaces nothing unless it is told to, and refuses what is no host', async () => {
    const again = await docket('cert', '--data-dir', dataDir);
    expect([again.code, again.stderr]).toEqual([
      3,
      expect.stringMatching(/key\.pem is there already; --force/),
    ]);
    const wrong = await docket('cert', '--host', 'a b', '--data-dir', dataDir, '--force');
    expect([wrong.code, wrong.stderr]).toEqual([3, expect.stringMatching(/"a b" is no host/)]);
    expect(await shown()).toBe(made.fingerprint);
  });
});

describe('a server with a certificate', () => {
  it('speaks HTTP/2 and HTTP/1.1 to who has the certificate, and is not believed by others', () => {
    expect(curl('--cacert', certFile)).toBe('2 200');
    expect(curl('--cacert', certFile, '--http1.1')).toBe('1.1 200');
    expect(() => curl()).toThrow(/self-signed/);
  });

  it('speaks nothing older than TLS 1.3', () => {
    expect(() => curl('--cacert', certFile, '--tls-max', '1.2')).toThrow(/alert protocol version/);
  });

  it('takes commands from those of the same data folder', async () => {
    const stats = await docketJson('simulate', '--tickets', '20', '--seed', '5', '--data-dir', dataDir);
    expect(stats).toMatchObject({ ticketsOpened: 20, surprises: 0 });
    const shownTicket = await docketJson('ticket', 'show', 'sim5-1', '--data-dir', dataDir);
    expect(shownTicket).toMatchObject({ ticket: { ticketId: 'sim5-1' } });
  });

  it('keeps the old pair where the new one is none, and takes a good one without a restart', async () => {
    writeFileSync(certFile, 'broken');
    process.kill(server.pid, 'SIGHUP');
    await sleep(200);
    expect(await shown()).toBe(made.fingerprint);
    const other = join(dataDir, 'other');
    mkdirSync(other);
    const next = (await docketJson('cert', '--out', other)) as typeof made;
    copyFileSync(join(other, 'cert.pem'), certFile);
    copyFileSync(join(other, 'key.pem'), keyFile);
    process.kill(server.pid, 'SIGHUP');
    await expect.poll(shown).toBe(next.fingerprint);
    // Whoever looks for the server believes the new one as well.
    const stats = await docketJson('simulate', '--tickets', '5', '--seed', '6', '--data-dir', dataDir);
    expect(stats).toMatchObject({ ticketsOpened: 5 });
    const { stderr } = await server.stop();
    expect(stderr).toMatch(/the old certificate stays: .*cert\.pem can not be used: it is not a PEM/);
    expect(stderr).toMatch(/new connections get the certificate/);
  });

  it('does not start with half a pair, nor with a key that others can read', async () => {
    const half = await docket('serve', '--port', '0', '--data-dir', dataDir, '--tls-cert', certFile);
    expect([half.code, half.stderr]).toEqual([
      3,
      expect.stringMatching(/--tls-cert and --tls-key go together/),
    ]);
    chmodSync(keyFile, 0o644);
    const open = await docket('serve', '--port', '0', '--data-dir', dataDir, ...tls);
    expect([open.code, open.stderr]).toEqual([3, expect.stringMatching(/mode 644.*chmod 600/)]);
    chmodSync(keyFile, 0o600);
  });
});

describe('a server without one', () => {
  it('serves no certificate that merely lies there, and says so; a second signal hurries it', async () => {
    server = await serve(dataDir, {}, ['--unready-ms', '60000']);
    expect(server.url).toMatch(/^http:/);
    void server.stop('SIGTERM');
    await expect
      .poll(async () => (await fetch(new URL('/readyz', server.url))).json())
      .toMatchObject({ reasons: expect.arrayContaining(['server: it is stopping']) });
    const { code, stderr } = await server.stop('SIGTERM');
    expect(code).toBe(0);
    expect(stderr).toMatch(/plain HTTP; there is a certificate, to be served with --tls-cert/);
    expect(stderr).toMatch(/everything acknowledged is on disk/);
  });
});
