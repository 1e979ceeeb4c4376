/** The history that a server keeps of itself: what is written, read back, forgotten, and left out. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type HistoryOptions, keepHistory, readHistory } from '../../../scripts/runtime/history.ts';

const dayMs = 24 * 3_600_000;
let dataDir: string;
let nowMs: number;
let notes: string[];
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'docket-history-'));
  nowMs = Date.UTC(2026, 10, 21, 23, 59, 59);
  notes = [];
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

const folder = () => join(dataDir, 'history');
const mode = (path: string) => (statSync(path).mode & 0o777).toString(8);
/** Notes one sample. */
async function once(options: Partial<HistoryOptions> = {}): Promise<void> {
  const keeper = keepHistory({
    dataDir,
    exposition: async () => 'process_open_fds{process="server"} 41',
    onNote: (line) => notes.push(line),
    now: () => nowMs,
    ...options,
  });
  await keeper.stop();
}

describe('the history', () => {
  it('has a private file for each day, and is read from a moment on', async () => {
    await once();
    nowMs += 2_000;
    await once();
    expect(readdirSync(folder())).toEqual(['2026-11-21.ndjson', '2026-11-22.ndjson']);
    expect([mode(folder()), mode(join(folder(), '2026-11-22.ndjson'))]).toEqual(['700', '600']);
    const all = await readHistory(dataDir, 0);
    expect(all).toMatchObject({ unreadable: 0, samples: [{ serverOpenFiles: 41 }, { atMs: nowMs }] });
    expect((await readHistory(dataDir, nowMs - 1_000)).samples).toHaveLength(1);
    expect(notes).toEqual([]);
  });

  it('notes a sample in each interval', async () => {
    const keeper = keepHistory({
      dataDir,
      exposition: async () => 'process_open_fds 1',
      onNote: (line) => notes.push(line),
      now: () => Date.now(),
      limits: { everyMs: 20 },
    });
    for (let tries = 0; tries < 100 && (await readHistory(dataDir, 0)).samples.length < 3; tries += 1)
      await sleep(20);
    await keeper.stop();
    expect((await readHistory(dataDir, 0)).samples.length).toBeGreaterThanOrEqual(3);
  });

  it('forgets days that are over, and nothing that is not its own', async () => {
    mkdirSync(folder());
    for (const name of ['2026-11-13.ndjson', '2026-11-14.ndjson', 'notes.txt'])
      writeFileSync(join(folder(), name), '');
    nowMs = Date.UTC(2026, 10, 21);
    await once();
    expect(readdirSync(folder())).toEqual(['2026-11-14.ndjson', '2026-11-21.ndjson', 'notes.txt']);
    nowMs += 7 * dayMs;
    await once();
    expect(readdirSync(folder())).toEqual(['2026-11-21.ndjson', '2026-11-28.ndjson', 'notes.txt']);
  });

  it('survives a line that a crash cut short: it is counted, and no later one is lost with it', async () => {
    await once();
    const file = join(folder(), '2026-11-21.ndjson');
    writeFileSync(file, readFileSync(file, 'utf8').slice(0, -20));
    await once();
    expect(await readHistory(dataDir, 0)).toMatchObject({
      unreadable: 1,
      samples: [{ serverOpenFiles: 41 }],
    });
  });

  it('says once what keeps it from being written, and goes on', async () => {
    let asked = 0;
    const keeper = keepHistory({
      dataDir,
      exposition: async () => {
        asked += 1;
        throw new Error('no metrics');
      },
      onNote: (line) => notes.push(line),
      now: () => nowMs,
      limits: { everyMs: 10 },
    });
    for (let tries = 0; tries < 100 && asked < 3; tries += 1) await sleep(10);
    await keeper.stop();
    expect(asked).toBeGreaterThanOrEqual(3);
    expect(notes).toEqual(['the history of this server is not written: no metrics']);
  });

  it('has a bound for each day', async () => {
    await once({ limits: { dayBytesMax: 60 } });
    await once({ limits: { dayBytesMax: 60 } });
    expect(statSync(join(folder(), '2026-11-21.ndjson')).size).toBeLessThanOrEqual(60);
    expect(notes).toEqual([expect.stringMatching(/has reached its 60 bytes/)]);
  });

  it('is empty where there is none', async () => {
    expect(await readHistory(join(dataDir, 'nowhere'), 0)).toEqual({ samples: [], unreadable: 0 });
  });
});
