/** A real node_exporter reads what a benchmark and an audit left for it. Skipped where there is none. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { type Exposition, readExposition, sumOf } from '../../../scripts/measuring/exposition.ts';
import { writeTextfile } from '../../../scripts/measuring/textfile.ts';
import { testFolder } from '../../support/postgres.ts';

const program = 'prometheus-node-exporter';
const isMissing = spawnSync(program, ['--version']).error !== undefined;
const startMsMax = 10_000;
const folder = testFolder();
let exporter: ChildProcess | undefined;

afterAll(async () => {
  if (exporter?.kill('SIGKILL')) await once(exporter, 'exit');
  rmSync(folder, { recursive: true, force: true });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

async function scrape(port: number): Promise<Exposition> {
  const giveUpAtMs = performance.now() + startMsMax;
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${port}/metrics`).catch(() => undefined);
    if (answer?.ok) return readExposition(await answer.text());
    if (performance.now() > giveUpAtMs) throw new Error(`${program} does not answer`);
    await sleep(50);
  }
}

describe.skipIf(isMissing)(`${program} (skipped where it is not installed)`, () => {
  it('passes on what a textfile holds, and says that it could read it', async () => {
    chmodSync(folder, 0o755);
    const family = {
      name: 'docket_bench_figure',
      help: 'A figure of the last benchmark.',
      kind: 'gauge' as const,
      samples: [{ labels: { id: 'engine', unit: '/s' }, value: 734_665 }],
    };
    await writeTextfile(join(folder, 'docket_bench.prom'), [family]);
    // What a writer that died has left must not be read, nor spoil the rest.
    writeFileSync(join(folder, 'docket_bench.prom.123'), 'half a li');
    const port = await freePort();
    const options = ['--collector.disable-defaults', '--collector.textfile'];
    const place = `--collector.textfile.directory=${folder}`;
    const listen = `--web.listen-address=127.0.0.1:${port}`;
    exporter = spawn(program, [...options, place, listen], { stdio: 'ignore' });
    const found = await scrape(port);
    expect(sumOf(found, 'docket_bench_figure', { id: 'engine', unit: '/s' })).toBe(734_665);
    expect(sumOf(found, 'node_textfile_scrape_error')).toBe(0);
    const files = found.get('node_textfile_mtime_seconds')?.map(({ labels }) => labels.file);
    expect(files).toEqual([join(folder, 'docket_bench.prom')]);
  });
});
