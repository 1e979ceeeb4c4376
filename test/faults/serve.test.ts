/**
 * `docket serve` as people run it, seen and disturbed through strace while it answers over HTTP: no answer
 * leaves before its sync has returned, a failed sync makes it refuse everything, and what it had answered is
 * there when it is started again.
 */
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { docketJson, type RunningServer, serve } from '../support/docket.ts';
import { testFolder } from '../support/postgres.ts';
import { earlyAnswers, earlyMarks, httpExchanges } from './order.ts';
import { attach, fewRunsMsMax, whyNotTraced } from './strace.ts';

const missing = whyNotTraced();
if (missing !== undefined) console.warn(`skipped: ${missing}`);

const callers = 4;
const commandsEach = 25;
const calls = ['pwrite64', 'fdatasync', 'fsync', 'read', 'write', 'writev'];
/** One thread for file work, so that the failing sync is the one that is meant. */
const oneThread = { UV_THREADPOOL_SIZE: '1' };

describe.skipIf(missing !== undefined)('docket serve', { timeout: fewRunsMsMax }, () => {
  let dataDir: string;
  let server: RunningServer;
  const acknowledged: string[] = [];

  beforeAll(async () => {
    dataDir = testFolder();
    server = await serve(dataDir, oneThread);
  });
  afterAll(async () => {
    await server.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  async function open(commandId: string): Promise<{ readonly status: number; readonly code?: string }> {
    const body = { commandId, ticketId: commandId, actor: { id: 'rita', role: 'requester' }, data: {} };
    const response = await server.fetch('/v1/tickets', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const { code } = (await response.json()) as { readonly code?: string };
    if (response.status === 201) acknowledged.push(commandId);
    return code === undefined ? { status: response.status } : { status: response.status, code };
  }

  test('answers nobody before the sync has returned, however many ask at once', async () => {
    const strace = await attach(server.pid, { calls });
    await Promise.all(
      Array.from({ length: callers }, async (_, caller) => {
        for (let at = 0; at < commandsEach; at += 1) await open(`c${caller}-${at}.`);
      }),
    );
    const trace = await strace.detach();
    const exchanges = httpExchanges(trace);
    expect(exchanges.map(({ commandId }) => commandId).sort()).toEqual(acknowledged.toSorted());
    expect(exchanges.length).toBe(callers * commandsEach);
    expect(earlyAnswers(trace, exchanges)).toEqual([]);
    expect(earlyMarks(trace)).toEqual([]);
  });

  test('is caught answering where strace forged the sync', async () => {
    const strace = await attach(server.pid, { calls, inject: 'fdatasync:retval=0' });
    await open('forged.');
    const trace = await strace.detach();
    expect(earlyAnswers(trace, httpExchanges(trace))).toEqual([
      expect.stringContaining('forged. was written, but not synced'),
    ]);
  });

  test('refuses everything after a failed sync, and has all that it answered when started again', async () => {
    const strace = await attach(server.pid, { calls, inject: 'fdatasync:error=EIO:when=3' });
    const answers = [];
    for (let at = 1; at <= 5; at += 1) answers.push(await open(`eio-${at}.`));
    const trace = await strace.detach();
    const refused = { status: 503, code: 'log_failed' };
    expect(answers).toEqual([{ status: 201 }, { status: 201 }, refused, refused, refused]);
    expect(trace.filter(({ injected }) => injected).length).toBe(1);
    expect(earlyAnswers(trace, httpExchanges(trace))).toEqual([]);
    expect((await server.fetch('/readyz')).status).toBe(503);

    const { code } = await server.stop();
    expect(code).not.toBe(0);
    server = await serve(dataDir, oneThread);
    for (const ticketId of acknowledged) {
      const found = await server.fetch(`/v1/tickets/${ticketId}`);
      expect(found.status, ticketId).toBe(200);
    }
    expect(await open('again.')).toEqual({ status: 201 });
    expect(await docketJson('verify', '--data-dir', dataDir)).toMatchObject({ ok: true, problems: [] });
  });
});
