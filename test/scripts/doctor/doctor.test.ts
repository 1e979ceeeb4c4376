/**
 * `docket doctor` on real servers, each pattern caused for real: leaking, refusing, stopped, hot, slow,
 * reset, starved and open to others. And a healthy server, of which it must not say a bad word.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, readdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { httpCommandSink } from '../../../adapters/http/client.ts';
import { openDatabase } from '../../../adapters/postgres/database.ts';
import { runningEmbeddedPostgres } from '../../../adapters/postgres/embedded.ts';
import type { Command } from '../../../domain/ticket/commands.ts';
import type { Database } from '../../../projections/sql.ts';
import type { LogKind } from '../../../scripts/cli/options.ts';
import { type Diagnosis, diagnose } from '../../../scripts/doctor/diagnose.ts';
import type { Finding, PatternName } from '../../../scripts/doctor/finding.ts';
import { takeSample } from '../../../scripts/doctor/live-samples.ts';
import { sampleSchema } from '../../../scripts/measuring/sample.ts';
import { readServerRecord } from '../../../scripts/runtime/server-file.ts';
import { docket, type RunningServer, serve } from '../../support/docket.ts';
import { testFolder } from '../../support/postgres.ts';

const minuteMs = 60_000;
const ana = { id: 'ana', role: 'agent' } as const;
const rita = { id: 'rita', role: 'requester' } as const;
const free = ['--metrics-port', '0', '--no-webhooks'];

interface Patient {
  readonly dataDir: string;
  readonly log: LogKind;
}

function examine({ dataDir, log }: Patient, { seconds = 1.5, sinceMs = minuteMs } = {}): Promise<Diagnosis> {
  return diagnose({ dataDir, log, databaseUrl: undefined, seconds, sinceMs, intervalMs: 150 });
}

/** What a diagnosis says of one pattern: the worst of it. */
function of(pattern: PatternName, { findings }: Diagnosis): Finding {
  const found = findings.find((finding) => finding.pattern === pattern);
  if (found === undefined) throw new Error(`nothing is said of ${pattern}`);
  return found;
}

/** For whoever reads why a test failed. */
function told({ title, evidence }: Finding): string {
  return [title, ...evidence].join('\n');
}

/** Does `work` again and again, so many at once, until the promise is settled. */
async function meanwhile<T>(until: Promise<T>, atOnce: number, work: () => Promise<unknown>): Promise<T> {
  let over = false;
  void until.finally(() => {
    over = true;
  });
  const worker = async () => {
    while (!over) await work();
  };
  const workers = Array.from({ length: atOnce }, worker);
  const result = await until;
  await Promise.all(workers);
  return result;
}

function comment(ticketId: string): Command {
  return { type: 'AddComment', ticketId, actor: ana, data: { body: 'Still broken.', public: true } };
}

async function open(server: RunningServer, ...ticketIds: readonly string[]): Promise<void> {
  const sink = httpCommandSink(server.url, { credential: server.key });
  const outcomes = await sink.submit(
    ticketIds.map((ticketId): Command => ({ type: 'OpenTicket', ticketId, actor: rita, data: {} })),
  );
  await sink.close();
  expect(outcomes.map(({ status }) => status)).toEqual(ticketIds.map(() => 'accepted'));
}

function send(server: RunningServer, command: Command): Promise<Response> {
  const { ticketId = '', ...body } = command;
  const headers = { 'content-type': 'application/json' };
  const init = { method: 'POST', headers, body: JSON.stringify(body) };
  return server.fetch(`/v1/tickets/${ticketId}/commands`, init);
}

/** Processes whose command line has all of these words. */
function processesWith(...words: readonly string[]): readonly number[] {
  const lines = execFileSync('ps', ['-eo', 'pid,args'], { encoding: 'utf8' }).split('\n');
  return lines
    .filter((line) => words.every((word) => line.includes(word)))
    .map((line) => Number.parseInt(line, 10));
}

const hasPrlimit = spawnSync('prlimit', ['--version']).status === 0;

describe.skipIf(process.platform !== 'linux')('a server on a segment log', () => {
  const patient: Patient = { dataDir: testFolder(), log: 'segment' };
  let server: RunningServer;
  let database: Database;
  beforeAll(async () => {
    server = await serve(patient.dataDir, {}, free);
    database = openDatabase(runningEmbeddedPostgres(patient.dataDir)?.url ?? '', {
      applicationName: 'a test',
    });
    await open(server, 'T-1', 'T-2', 'T-3');
  });
  afterAll(async () => {
    await database.close();
    await server.stop();
    rmSync(patient.dataDir, { recursive: true, force: true });
  });

  it('that is healthy gets no bad word, and exit code 0', async () => {
    const args = [
      'doctor',
      '--seconds',
      '2',
      '--interval-ms',
      '200',
      '--data-dir',
      patient.dataDir,
      '--json',
    ];
    const { code, stdout, stderr } = await meanwhile(docket(...args), 1, async () => {
      await send(server, comment('T-1'));
      await sleep(100);
    });
    expect(stderr).toBe('');
    const { ok, findings, liveSamples, historySamples } = JSON.parse(stdout);
    const bad = findings.filter(({ severity }: Finding) => severity === 'warning' || severity === 'critical');
    expect({ bad, ok, code }).toEqual({ bad: [], ok: true, code: 0 });
    expect(liveSamples).toBeGreaterThan(5);
    expect(historySamples).toBeGreaterThan(0);
    expect(findings.find(({ pattern }: Finding) => pattern === 'throughput_flatline')).toMatchObject({
      severity: 'ok',
      evidence: expect.arrayContaining([expect.stringMatching(/[1-9][.\d]*\/s transitions committed/)]),
    });
  });

  it('tells every figure that is looked at, by the names that are looked for', async () => {
    const record = await readServerRecord(patient.dataDir);
    const sample = await takeSample(record?.metricsUrl ?? '');
    const figures = Object.keys(sampleSchema.shape);
    const told = new Set(
      Object.entries(sample).flatMap(([name, value]) => (value === undefined ? [] : [name])),
    );
    // Not before the first major collection of each process.
    const later = new Set(['serverHeapAfterMajorGcBytes', 'projectorHeapAfterMajorGcBytes']);
    // Nor before the first whole window of ten seconds.
    later.add('serverEventLoopDelayP99Seconds');
    expect(figures.filter((name) => !told.has(name) && !later.has(name))).toEqual([]);
  });

  it('permissions: whose key others can read is told, and exit code 1', async () => {
    const key = join(patient.dataDir, 'admin.key');
    chmodSync(key, 0o644);
    const { code, stdout } = await docket('doctor', '--seconds', '1', '--data-dir', patient.dataDir);
    chmodSync(key, 0o600);
    expect(code).toBe(1);
    expect(stdout).toMatch(/critical {2}permissions .*\n.*admin\.key \(file\) has mode 644, holds a key/);
    expect(stdout).toContain(`chmod 600 '${key}'`);
  });

  it('connection_bursts: whose callers reset their connections is told', async () => {
    const diagnosing = examine(patient, { seconds: 2.5 });
    await sleep(1_500);
    const { port } = new URL(server.url);
    const sockets = Array.from({ length: 40 }, () => connect(Number(port), '127.0.0.1'));
    for (const socket of sockets)
      socket.on('error', () => undefined).write('POST /v1/tickets HTTP/1.1\r\nHo');
    await sleep(300);
    for (const socket of sockets) socket.resetAndDestroy();
    const finding = of('connection_bursts', await diagnosing);
    expect(finding, told(finding)).toMatchObject({
      severity: 'warning',
      title: 'a burst of broken connections',
    });
    expect(finding.evidence[0]).toMatch(/^40 reset \(ECONNRESET, EPIPE\)/);
  });

  it('hot_ticket: where 90 % of the commands are for one ticket is told', async () => {
    const sink = httpCommandSink(server.url, { credential: server.key });
    const commands = Array.from({ length: 1_000 }, (_, index) => comment(index % 10 === 0 ? 'T-3' : 'T-2'));
    await sink.submit(commands);
    await sink.close();
    const finding = of('hot_ticket', await examine(patient, { seconds: 0.3 }));
    expect(finding, told(finding)).toMatchObject({
      severity: 'warning',
      title: expect.stringContaining('T-2 is hot'),
    });
    expect(finding.evidence[0]).toMatch(/T-2: (8\d|90)[.\d]* %/);
  });

  it('lag_growing: whose projector stands still while writes go on is told', async () => {
    const [projector = 0] = processesWith(patient.dataDir, ' projector ');
    process.kill(projector, 'SIGSTOP');
    // Each look takes a second: the exporter waits so long for a projector that does not answer.
    const diagnosing = examine(patient, { seconds: 10 });
    const diagnosis = await meanwhile(diagnosing, 1, async () => {
      await send(server, comment('T-1'));
      await sleep(50);
    }).finally(() => process.kill(projector, 'SIGCONT'));
    const finding = of('lag_growing', diagnosis);
    expect(finding, told(finding)).toMatchObject({
      severity: 'warning',
      title: 'the read models fall further and further behind',
    });
    expect(finding.evidence.join()).toMatch(/changed by [1-9][.\d]* events\/s/);
  });

  it('slow_queries: that waits for a lock is told, with who holds it', async () => {
    const diagnosis = await database.transaction(async (sql) => {
      await sql.execute('LOCK TABLE docket.projection_build');
      const waiting = server.fetch('/readyz').catch(() => undefined);
      const seen = await examine(patient, { seconds: 1.2 });
      return { seen, waiting };
    });
    await diagnosis.waiting;
    const finding = of('slow_queries', diagnosis.seen);
    expect(finding, told(finding)).toMatchObject({ severity: 'warning' });
    expect(finding.evidence.join('\n')).toMatch(
      /docket serve, waits for Lock: relation held by process \d+\): SELECT/,
    );
  });

  it('slow_queries: that was slow and is over is told from pg_stat_statements', async () => {
    const diagnosing = examine(patient, { seconds: 1.5 });
    await sleep(200);
    await database.query('SELECT pg_sleep(0.7)');
    const finding = of('slow_queries', await diagnosing);
    expect(finding, told(finding)).toMatchObject({ severity: 'warning' });
    expect(finding.evidence.join('\n')).toMatch(
      /7\d\d ms on average, 1 times while watching: SELECT pg_sleep\(\$1\)/,
    );
  });

  it('cpu: that has no headroom is told', async () => {
    const sink = httpCommandSink(server.url, { credential: server.key });
    const commands = Array.from({ length: 2_000 }, () => comment('T-3'));
    const finding = of(
      'cpu',
      await meanwhile(examine(patient, { seconds: 2 }), 3, () => sink.submit(commands)),
    );
    await sink.close();
    expect(finding, told(finding)).toMatchObject({
      severity: 'warning',
      title: expect.stringMatching(/no headroom/),
    });
  });

  it.skipIf(!hasPrlimit)('file_descriptors: whose limit is too low is told', async () => {
    const limit = (soft: string) =>
      execFileSync('prlimit', ['--pid', String(server.pid), `--nofile=${soft}:`]);
    const [, usual = ''] =
      /NOFILE +.* (\d+) +\d+ files/.exec(
        execFileSync('prlimit', ['--pid', String(server.pid), '--nofile'], { encoding: 'utf8' }),
      ) ?? [];
    limit('1024');
    const finding = of('file_descriptors', await examine(patient, { seconds: 0.2 }));
    limit(usual);
    expect(finding, told(finding)).toMatchObject({
      severity: 'warning',
      evidence: [expect.stringMatching(/open of 1,024/), /16,640/],
    });
  });

  it('throughput_flatline: that lives and does not answer is told', async () => {
    process.kill(server.pid, 'SIGSTOP');
    const diagnosis = await examine(patient, { seconds: 0.2 }).finally(() =>
      process.kill(server.pid, 'SIGCONT'),
    );
    expect(diagnosis.server).toMatchObject({ state: 'silent', pid: server.pid });
    const finding = of('throughput_flatline', diagnosis);
    expect(finding, told(finding)).toMatchObject({
      severity: 'critical',
      title: expect.stringMatching(/^stalled: the server runs but does not answer/),
    });
  });

  it('that is down is judged by its history and files, and what is missing is named', async () => {
    await server.stop();
    const diagnosis = await examine(patient);
    expect(diagnosis).toMatchObject({ server: { state: 'down' }, liveSamples: 0 });
    expect(diagnosis.historySamples).toBeGreaterThan(0);
    expect(of('permissions', diagnosis).severity).toBe('ok');
    expect(of('hot_ticket', diagnosis).severity).toBe('warning');
    expect(of('file_descriptors', diagnosis)).toMatchObject({
      severity: 'unseen',
      evidence: ['no server runs on this data folder'],
    });
    expect(readdirSync(join(patient.dataDir, 'history'))).toEqual([
      expect.stringMatching(/^\d{4}-\d\d-\d\d\.ndjson$/),
    ]);
    server = await serve(patient.dataDir, {}, free);
  });
});

describe.skipIf(process.platform !== 'linux')('a server on a log in PostgreSQL, with a low rate', () => {
  const patient: Patient = { dataDir: testFolder(), log: 'postgres' };
  let server: RunningServer;
  beforeAll(async () => {
    server = await serve(patient.dataDir, { DOCKET_LOG: 'postgres' }, [...free, '--rate-per-key', '20/s']);
    await open(server, 'T-1');
  });
  afterAll(async () => {
    await server.stop();
    rmSync(patient.dataDir, { recursive: true, force: true });
  });

  it('throughput_flatline: that turns a caller away by his rate is told to be limited', async () => {
    const diagnosis = await meanwhile(examine(patient), 2, () => server.fetch('/v1/tickets/T-1'));
    const finding = of('throughput_flatline', diagnosis);
    expect(finding, told(finding)).toMatchObject({
      severity: 'warning',
      title: expect.stringMatching(/^limited/),
    });
  });

  it('throughput_flatline: whose log does not answer is told to be stalled', async () => {
    await sleep(1_000);
    const url = runningEmbeddedPostgres(patient.dataDir)?.url ?? '';
    const database = openDatabase(url, { applicationName: 'a test' });
    const backends = await database.query<{ pid: number }>(
      "SELECT pid FROM pg_stat_activity WHERE application_name = 'docket serve'",
    );
    await database.close();
    for (const { pid } of backends) process.kill(pid, 'SIGSTOP');
    const late = send(server, comment('T-1'));
    await sleep(200);
    const diagnosis = await examine(patient, { seconds: 3.5 }).finally(() => {
      for (const { pid } of backends) process.kill(pid, 'SIGCONT');
    });
    expect((await late).status).toBe(200);
    const finding = of('throughput_flatline', diagnosis);
    expect(finding, told(finding)).toMatchObject({
      severity: 'critical',
      title: 'stalled: commands wait, and none is answered',
    });
  });
});

describe.skipIf(process.platform !== 'linux')('a server that leaks, and lets in one request at once', () => {
  const patient: Patient = { dataDir: testFolder(), log: 'segment' };
  let server: RunningServer;
  beforeAll(async () => {
    const leak = join(import.meta.dirname, 'leak.ts');
    const bounds = ['atOnceLeast=1', 'atOnceMost=1', 'waitMsMax=20'].flatMap((bound) => ['--limit', bound]);
    server = await serve(patient.dataDir, { NODE_OPTIONS: `--import ${leak}` }, [...free, ...bounds]);
  });
  afterAll(async () => {
    await server.stop();
    rmSync(patient.dataDir, { recursive: true, force: true });
  });

  it('memory_sawtooth: is told to leak, and when it is full', async () => {
    process.kill(server.pid, 'SIGUSR2');
    let finding = of('memory_sawtooth', await examine(patient, { seconds: 5 }));
    // A busy machine shows fewer collections in the time.
    for (let tries = 0; tries < 3 && finding.severity === 'unseen'; tries += 1) {
      finding = of('memory_sawtooth', await examine(patient, { seconds: 5 }));
    }
    expect(finding, told(finding)).toMatchObject({
      severity: 'critical',
      title: expect.stringMatching(/^server: a leak/),
      evidence: expect.arrayContaining([expect.stringMatching(/is full in/)]),
    });
  });

  it('throughput_flatline: is told to be saturated when more come than it lets in', async () => {
    const diagnosis = await meanwhile(examine(patient, { seconds: 2 }), 40, () =>
      server.fetch('/v1/tickets'),
    );
    const finding = of('throughput_flatline', diagnosis);
    expect(finding, told(finding)).toMatchObject({
      severity: 'warning',
      title: expect.stringMatching(/^saturated/),
    });
  });
});

describe('bad input', () => {
  it.each([
    [
      'a folder that is not there',
      ['--data-dir', '/nowhere/at/all'],
      3,
      /there is no data folder \/nowhere\/at\/all/,
    ],
    ['a time of no length', ['--seconds', '0'], 2, /whole number of at least 1/],
    ['a time that is none', ['--since', 'yesterday'], 2, /such as 90d, 24h or 30m, at most 7d/],
  ] as const)('is refused: %s', async (_, args, code, message) => {
    const ended = await docket('doctor', ...args);
    expect(ended.code).toBe(code);
    expect(ended.stderr).toMatch(message);
  });
});
