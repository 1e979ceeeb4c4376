/**
 * A projector in a process of its own, for the kill test: reads events from a file, says `ready`, waits for a
 * line on its input, and then writes one for each commit. It is killed at any moment; nothing is tidied up.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { openDatabase } from '../../adapters/postgres/database.ts';
import type { RecordedEvent } from '../../domain/ticket/events.ts';
import { project } from './databases.ts';

const [url = '', file = '', batchEventsMax = '1'] = process.argv.slice(2);
const events = JSON.parse(readFileSync(file, 'utf8')) as readonly RecordedEvent[];
const database = openDatabase(url, { applicationName: 'docket-test-child', connectionsMax: 3 });
process.stdout.write('ready\n');
await once(process.stdin, 'data');
await project(database, events, {
  batchEventsMax: Number(batchEventsMax),
  onProgress: ({ position }) => process.stdout.write(`${position}\n`),
});
await database.close();
process.stdout.write('done\n');
process.exit(0);
