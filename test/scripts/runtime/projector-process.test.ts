/**
 * The projector as a child process: it tells its parent what it committed and, when asked, what it measures;
 * and the parent sees when it is gone.
 */
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MetricsSnapshot } from '../../../adapters/metrics/snapshot.ts';
import {
  metricsWaitMsMax,
  ProjectorQuestions,
  readAsked,
  readTold,
} from '../../../scripts/runtime/projector-channel.ts';
import { type ProjectorProcess, startProjector } from '../../../scripts/runtime/projector-process.ts';
import { type OpenEngine, openSegmentEngine } from '../../../scripts/runtime/sink.ts';
import { loadWorkflows } from '../../../scripts/runtime/workflows.ts';
import { command } from '../../support/given.ts';
import { type TestDatabase, testDatabase, testFolder } from '../../support/postgres.ts';

const family = (value: number): MetricsSnapshot => [
  { name: 'docket_x', help: 'X.', kind: 'gauge', samples: [{ labels: {}, value }] },
];

async function until(holds: () => boolean, msMax = 15_000): Promise<void> {
  const giveUpAtMs = performance.now() + msMax;
  while (!holds() && performance.now() < giveUpAtMs) await sleep(20);
  expect(holds()).toBe(true);
}

describe('a server and its projector', () => {
  const dataDir = testFolder();
  const committed: number[] = [];
  let test: TestDatabase;
  let open: OpenEngine;
  let projector: ProjectorProcess;

  beforeAll(async () => {
    test = await testDatabase();
    open = await openSegmentEngine(dataDir, await loadWorkflows(dataDir));
    projector = startProjector({
      dataDir,
      log: 'segment',
      databaseUrl: test.url,
      onNote: () => undefined,
      onCommitted: (_, position) => committed.push(position),
    });
  });
  afterAll(async () => {
    await projector.stop();
    await open.close();
    await test.drop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  it('are told of each commit, with the position that readers see from then on', async () => {
    const [opened] = await open.engine.submit([command('OpenTicket')]);
    expect(opened).toMatchObject({ status: 'accepted', position: 1 });
    await until(() => committed.includes(1));
    const [row] = await test.database.query('SELECT revision FROM docket.ticket');
    expect(row).toEqual({ revision: 1 });
    expect(projector).toMatchObject({ running: true, restarts: 0, failure: undefined });
  });

  it('answer for each other: the server can tell what the projector measures', async () => {
    const snapshot = (await projector.metrics()) ?? [];
    const batches = snapshot.find(({ name }) => name === 'docket_projection_batch_events');
    expect(batches?.samples.find(({ suffix }) => suffix === '_sum')?.value).toBe(1);
  });

  it('notice a projector that is killed, and that it came back', async () => {
    const children = execFileSync('pgrep', ['-P', String(process.pid), '-f', 'docket.ts projector'], {
      encoding: 'utf8',
    });
    process.kill(Number(children.trim()), 'SIGKILL');
    await until(() => !projector.running);
    expect(await projector.metrics()).toBeUndefined();
    await until(() => projector.running);
    expect(projector.restarts).toBe(1);
    const commented = await open.engine.submit([command('AddComment', { body: 'Again.', public: true })]);
    expect(commented).toMatchObject([{ status: 'accepted', position: 2 }]);
    await until(() => committed.includes(2));
    const snapshot = (await projector.metrics()) ?? [];
    expect(snapshot.map(({ name }) => name)).toContain('docket_projection_batch_events');
  });
});

describe('questions over the channel', () => {
  it('get what was told last where no answer comes in time, and nothing of one that has ended', async () => {
    const questions = new ProjectorQuestions();
    const first = questions.ask(({ question }) => {
      queueMicrotask(() => questions.answered(question, family(1)));
      return true;
    });
    expect(await first).toEqual(family(1));
    const startedAtMs = performance.now();
    expect(await questions.ask(() => true)).toEqual(family(1));
    expect(performance.now() - startedAtMs).toBeGreaterThan(metricsWaitMsMax - 5);
    const third = questions.ask(() => true);
    questions.forget();
    expect(await third).toBeUndefined();
    expect(await questions.ask(() => false)).toBeUndefined();
  });

  it('keep a late answer for the next time', async () => {
    const questions = new ProjectorQuestions();
    let asked = 0;
    const ask = () =>
      questions.ask(({ question }) => {
        asked = question;
        return true;
      });
    expect(await ask()).toBeUndefined();
    questions.answered(asked, family(2));
    expect(await ask()).toEqual(family(2));
  });

  it('take nothing that is no message of the channel', () => {
    for (const message of [
      undefined,
      null,
      'metrics',
      {},
      { ask: 'rows', question: 1 },
      { ask: 'metrics' },
    ]) {
      expect(readAsked(message)).toBeUndefined();
      expect(readTold(message)).toBeUndefined();
    }
    expect(readTold({ tell: 'committed', partition: 0, position: '7' })).toBeUndefined();
    expect(readAsked({ ask: 'metrics', question: 3 })).toEqual({ ask: 'metrics', question: 3 });
  });
});
