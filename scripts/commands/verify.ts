/**
 * `docket verify`: everything the log promises, compared byte by byte: checksums, positions and revisions
 * without gaps, and the legality of every transition under the rules of its day.
 */
import { Command } from 'commander';
import { verifySegments } from '../../adapters/log/segment/verify.ts';
import { Fault } from '../../domain/errors.ts';
import type { EventReader } from '../../domain/ports.ts';
import { HistoryAudit, type HistoryProblem } from '../../domain/ticket/audit.ts';
import type { RecordedEvent } from '../../domain/ticket/events.ts';
import { type JsonOptions, type LogOptions, withJson, withLog } from '../cli/options.ts';
import { exitCodes, print, printJson } from '../cli/output.ts';
import { progressBar } from '../cli/progress.ts';
import { writeAudit } from '../measuring/audit-textfile.ts';
import { logFolder } from '../runtime/data-folder.ts';
import { openExistingLog } from '../runtime/existing-log.ts';
import { loadWorkflows } from '../runtime/workflows.ts';

/** Problems told one by one; the rest is only counted. */
export const problemsShownMax = 100;

type Problem = Pick<HistoryProblem, 'problem'> & Partial<HistoryProblem>;

export function verifyCommand(): Command {
  const command = new Command('verify').description(
    'check checksums, contiguity of positions and revisions, and the legality of every transition',
  );
  return withJson(withLog(command))
    .option('--textfile <folder>', "leave the result to node_exporter's textfile collector, in this folder")
    .action(verify);
}

interface VerifyOptions extends LogOptions, JsonOptions {
  readonly textfile?: string;
}

async function verify(options: VerifyOptions): Promise<void> {
  const startedAtMs = performance.now();
  const audit = new HistoryAudit(await loadWorkflows(options.dataDir));
  const reader = await openExistingLog(options);
  const bar = progressBar('verifying', 'events', options);
  const problems: Problem[] = [];
  let problemCount = 0;
  let events = 0;
  const found = (problem: Problem) => {
    problemCount += 1;
    if (problems.length < problemsShownMax) problems.push(problem);
  };
  try {
    const head = await reader.head();
    await readWhole(options, reader, (batch) => {
      events += batch.length;
      for (const event of batch) for (const problem of audit.check(event)) found(problem);
      bar.report(events, Math.max(head, events));
    });
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== 'log_damaged') throw error;
    found({ problem: error.message });
  } finally {
    bar.stop();
    await reader.close();
  }
  const ok = problemCount === 0;
  if (!ok) process.exitCode = exitCodes.problemsFound;
  if (options.json) printJson({ ok, events, tickets: audit.tickets, problems });
  else show(problems, problemCount, { events, tickets: audit.tickets });
  if (options.textfile === undefined) return;
  const tookMs = performance.now() - startedAtMs;
  const figures = {
    log: options.log,
    endedAtMs: Date.now(),
    tookMs,
    failures: problemCount,
    position: events,
  };
  await writeAudit(options.textfile, figures);
}

/** For people; `problems` may be only the first ones of `problemCount`. */
function show(
  problems: readonly Problem[],
  problemCount: number,
  seen: { readonly events: number; readonly tickets: number },
): void {
  for (const { position, ticketId, revision, problem } of problems) {
    print(
      position === undefined ? problem : `position ${position}, ${ticketId} revision ${revision}: ${problem}`,
    );
  }
  if (problemCount > problems.length) print(`… and ${problemCount - problems.length} more`);
  const counts = `${seen.events.toLocaleString('en')} events of ${seen.tickets.toLocaleString('en')} tickets`;
  print(problemCount === 0 ? `ok: ${counts}, all sound` : `${problemCount} problems in ${counts}`);
}

/**
 * Files are compared byte by byte; PostgreSQL sees to its own pages, and the order of its rows is checked.
 */
async function readWhole(
  { log, dataDir }: LogOptions,
  reader: EventReader,
  each: (batch: readonly RecordedEvent[]) => void,
): Promise<void> {
  switch (log) {
    case 'segment':
      await verifySegments(logFolder(dataDir), each);
      return;
    case 'postgres':
      for await (const batch of reader.read(1)) each(batch);
      return;
    default:
      return log;
  }
}
