/** Where the metrics of a real `docket serve` are: at the default port, at another, nowhere; and how soon. */
import { rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { afterAll, expect, it } from 'vitest';
import { metricsPortDefault } from '../../scripts/runtime/metrics.ts';
import { median } from '../../scripts/statistics/robust.ts';
import { type RunningServer, serve } from '../support/docket.ts';
import { testFolder } from '../support/postgres.ts';

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function newFolder(): string {
  const folder = testFolder();
  folders.push(folder);
  return folder;
}

/** Something else has the default port from now on: this test, or who had it before. */
async function takeDefaultPort(): Promise<AsyncDisposable> {
  const other = createServer((_, response) => response.end('something else'));
  await new Promise<void>((resolve) => {
    other.once('error', () => resolve());
    other.listen(metricsPortDefault, '127.0.0.1', () => resolve());
  });
  return {
    [Symbol.asyncDispose]: () => new Promise((resolve) => other.close(() => resolve())),
  };
}

it('another port is taken, and that is said, where the default one is not free', async () => {
  await using _ = await takeDefaultPort();
  const server = await serve(newFolder(), {}, [], []);
  try {
    expect(Number(new URL(server.metricsUrl).port)).not.toBe(metricsPortDefault);
    expect(await (await fetch(server.metricsUrl)).text()).toContain('docket_build_info{');
  } finally {
    const { code, stderr } = await server.stop();
    expect([code, stderr]).toEqual([0, expect.stringContaining(`127.0.0.1:${metricsPortDefault}`)]);
    expect(stderr).toContain('EADDRINUSE');
    expect(stderr).toContain('any free port is taken instead (--metrics-port chooses)');
  }
});

it('with --no-metrics there is no port for them, and the server serves', async () => {
  const server = await serve(newFolder(), {}, [], ['--no-metrics']);
  try {
    expect(server.metricsUrl).toBe('');
    expect((await server.fetch('/v1/events')).status).toBe(200);
  } finally {
    const { code, stderr } = await server.stop();
    expect([code, stderr]).toEqual([0, expect.not.stringContaining('metrics')]);
  }
});

const writers = 32;
const scrapes = 20;
/** Of the median. Far more than it takes, because machines that run tests are busy with others. */
const scrapeMsMax = 250;

it('they are told soon while the server is busy writing', async () => {
  const server = await serve(newFolder());
  try {
    let writing = true;
    let written = 0;
    const load = Array.from({ length: writers }, async () => {
      while (writing) {
        await openTicket(server);
        written += 1;
      }
    });
    await expect.poll(() => written, { timeout: 10_000 }).toBeGreaterThan(writers * 4);
    const before = written;
    const times: number[] = [];
    while (times.length < scrapes) times.push(await scrapeMs(server));
    const during = written - before;
    writing = false;
    await Promise.all(load);
    const middle = median(times);
    console.log(
      `/metrics: median ${middle.toFixed(1)} ms, longest ${Math.max(...times).toFixed(1)} ms of ${scrapes},` +
        ` while ${during} tickets were opened by ${writers} writers`,
    );
    expect(during).toBeGreaterThan(0);
    expect(middle).toBeLessThan(scrapeMsMax);
  } finally {
    await server.stop();
  }
});

async function openTicket(server: RunningServer): Promise<void> {
  const body = JSON.stringify({ data: { fields: { subject: 'The printer on floor 3 jams' } } });
  const headers = { 'content-type': 'application/json' };
  const { status, ...answer } = await server.fetch('/v1/tickets', { method: 'POST', headers, body });
  if (status !== 201) throw new Error(`a ticket was answered with ${status}: ${JSON.stringify(answer)}`);
}

async function scrapeMs(server: RunningServer): Promise<number> {
  const startedAtMs = performance.now();
  const text = await (await fetch(server.metricsUrl)).text();
  const tookMs = performance.now() - startedAtMs;
  expect(text).toContain('docket_transitions_committed_total{');
  return tookMs;
}
