/**
 * Run as a process of its own: follows the log at a URL from its beginning and tells every event on a line of
 * its own, `token position revision time`, until it is killed.
 */
import { writeSync } from 'node:fs';
import { openPostgresReader } from '../../../../adapters/log/postgres/postgres-reader.ts';
import { openDatabase } from '../../../../adapters/postgres/database.ts';

const [url = '', name = ''] = process.argv.slice(2);
const reader = await openPostgresReader(openDatabase(url, { applicationName: `docket-proof-${name}` }));
writeSync(1, 'open\n');
for await (const batch of reader.read(1, { live: true, batchEventsMax: 100 })) {
  const now = Date.now();
  const lines = batch.map(({ source, position, revision }) => `${source} ${position} ${revision} ${now}\n`);
  writeSync(1, lines.join(''));
}
