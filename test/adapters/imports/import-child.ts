/**
 * A process that will be killed: it imports a file into a segment log and tells its progress on stdout, a
 * number of events a line.
 */
import { importCases } from '../../../adapters/imports/import-cases.ts';
import { importDocket } from '../../../adapters/imports/import-docket.ts';
import { openSegmentLog } from '../../../adapters/log/segment/segment-log.ts';
import { systemClock } from '../../../scripts/runtime/system.ts';
import { engineOn, repairWorkflows } from './case-imports.ts';

const [kind = '', folder = '', file = '', scratch = ''] = process.argv.slice(2);
const log = await openSegmentLog({ folder, clock: systemClock });
const sink = engineOn(log);
const rejects = `${scratch}/rejects.ndjson`;
const tell = (events: number) => process.stdout.write(`${events}\n`);

if (kind === 'docket') {
  const onProgress = ({ sent }: { sent: number }) => tell(sent);
  const limits = { commandsPerSubmitMax: 32 };
  await importDocket({ file, sink, reader: log, scratch, rejects, onProgress, limits });
} else {
  const limits = { commandsPerSubmitMax: 16, rowsAheadMax: 64 };
  const timer = setInterval(async () => tell(await log.head()), 1);
  const named = { workflows: repairWorkflows, workflow: 'repair', source: 'repairs' };
  await importCases({ file, sink, ...named, rejects, limits });
  clearInterval(timer);
}
await log.close();
