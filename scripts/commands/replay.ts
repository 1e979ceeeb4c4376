/** `docket replay --check`: rebuilds every row from the log and compares it with what PostgreSQL holds. */
import { Command } from 'commander';
import type { Difference } from '../../projections/expected-rows.ts';
import { readModels } from '../../projections/read-models.ts';
import { replayCheck } from '../../projections/replay-check.ts';
import { databaseUrl, type JsonOptions, type LogOptions, withJson, withLog } from '../cli/options.ts';
import { exitCodes, print, printJson } from '../cli/output.ts';
import { progressBar } from '../cli/progress.ts';
import { loadCalendars } from '../runtime/calendars.ts';
import { openExistingLog } from '../runtime/existing-log.ts';
import { openReadModels } from '../runtime/read-models.ts';
import { loadWorkflows } from '../runtime/workflows.ts';

export function replayCommand(): Command {
  const command = new Command('replay')
    .description('rebuild every row from the log and compare it with PostgreSQL')
    .requiredOption('--check', 'compare, and change nothing');
  return withJson(withLog(command)).action(check);
}

async function check(options: LogOptions & JsonOptions): Promise<void> {
  const workflows = await loadWorkflows(options.dataDir);
  const reader = await openExistingLog(options);
  const applicationName = 'docket replay';
  const models = await openReadModels({ ...options, databaseUrl: databaseUrl(), applicationName });
  const head = await reader.head();
  const bar = progressBar('replaying', 'events', options);
  const result = await replayCheck({
    reader,
    database: models.database,
    workflows,
    calendars: await loadCalendars(options.dataDir),
    projections: readModels,
    onProgress: ({ position }) => bar.report(position, head),
  }).finally(async () => {
    bar.stop();
    await models.close();
    await reader.close();
  });
  const { ok, events, tickets, parked, differences, differenceCount } = result;
  if (!ok) process.exitCode = exitCodes.problemsFound;
  if (options.json) {
    printJson({ ok, events, tickets, parked, differences });
    return;
  }
  for (const difference of differences) print(inWords(difference));
  const counts = `${events.toLocaleString('en')} events of ${tickets.toLocaleString('en')} tickets`;
  print(ok ? `ok: every row agrees with ${counts}` : `${differenceCount} rows differ after ${counts}`);
  if (parked > 0) print(`${parked} parked tickets were compared as of the event that parked them.`);
  if (events < head) print(`The read models hold ${events} of ${head} events; the rest was not compared.`);
}

function inWords(difference: Difference): string {
  const row = `${difference.table} ${Object.values(difference.key).join(' ')}`;
  switch (difference.kind) {
    case 'missing':
      return `${row}: the row is missing`;
    case 'surplus':
      return `${row}: the log has nothing that makes this row`;
    case 'changed': {
      const { column, expected, found } = difference;
      return `${row}, ${column}: the log says ${JSON.stringify(expected)}, the row ${JSON.stringify(found)}`;
    }
    default:
      return difference;
  }
}
