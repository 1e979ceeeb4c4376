/**
 * A projector in a process of its own for the takeover tests: it follows events from a file, waits at their
 * end, and says what it commits and what it notes. It may be slowed down, so that it can be met at work.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { openDatabase } from '../../adapters/postgres/database.ts';
import type { RecordedEvent } from '../../domain/ticket/events.ts';
import { applicationNameOf } from '../../projections/ownership.ts';
import { project } from './databases.ts';
import { readerOf } from './histories.ts';

const [url = '', file = '', owner = '', delayMs = '0'] = process.argv.slice(2);
const events = JSON.parse(readFileSync(file, 'utf8')) as readonly RecordedEvent[];
const database = openDatabase(url, { applicationName: applicationNameOf(owner) });
const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());
const reader = readerOf(events);
const slow = {
  ...reader,
  async *read(from: number, options: Parameters<typeof reader.read>[1]) {
    for await (const batch of reader.read(from, { ...options, batchEventsMax: 20 })) {
      yield batch;
      await sleep(Number(delayMs));
    }
  },
};
await project(database, events, {
  reader: slow,
  owner,
  untilCaughtUp: false,
  signal: stop.signal,
  onProgress: ({ position }) => process.stdout.write(`position ${position}\n`),
  onNote: (line) => process.stdout.write(`${line}\n`),
});
await database.close();
process.exit(0);
