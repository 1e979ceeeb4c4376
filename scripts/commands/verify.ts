/**
 * `docket verify`: everything the log promises, compared byte by byte: checksums, positions and revisions
 * without gaps, and the legality of every transition under the rules of its day.
 */
import { Command } from 'commander';
import { LogDamage } from '../../adapters/log/segment/format.ts';
import { verifySegments } from '../../adapters/log/segment/verify.ts';
import { HistoryAudit, type HistoryProblem } from '../../domain/ticket/audit.ts';
import { builtInWorkflows } from '../../domain/workflow/registry.ts';
import { type DataOptions, type JsonOptions, withDataDir, withJson } from '../cli/options.ts';
import { exitCodes, print, printJson } from '../cli/output.ts';
import { progressBar } from '../cli/progress.ts';
import { logFolder, openExistingLog } from '../runtime/data-folder.ts';

/** Problems told one by one; the rest is only counted. */
export const problemsShownMax = 100;

type Problem = Pick<HistoryProblem, 'problem'> & Partial<HistoryProblem>;

export function verifyCommand(): Command {
  const command = new Command('verify').description(
    'check checksums, contiguity of positions and revisions, and the legality of every transition',
  );
  return withJson(withDataDir(command)).action(verify);
}

async function verify(options: DataOptions & JsonOptions): Promise<void> {
  const reader = await openExistingLog(options.dataDir);
  const audit = new HistoryAudit(builtInWorkflows);
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
    await verifySegments(logFolder(options.dataDir), (batch) => {
      events += batch.length;
      for (const event of batch) for (const problem of audit.check(event)) found(problem);
      bar.report(events, Math.max(head, events));
    });
  } catch (error) {
    if (!(error instanceof LogDamage)) throw error;
    found({ problem: error.message });
  } finally {
    bar.stop();
    await reader.close();
  }
  const ok = problemCount === 0;
  if (!ok) process.exitCode = exitCodes.problemsFound;
  if (options.json) {
    printJson({ ok, events, tickets: audit.tickets, problems });
    return;
  }
  for (const { position, ticketId, revision, problem } of problems) {
    print(
      position === undefined ? problem : `position ${position}, ${ticketId} revision ${revision}: ${problem}`,
    );
  }
  if (problemCount > problems.length) print(`… and ${problemCount - problems.length} more`);
  const counts = `${events.toLocaleString('en')} events of ${audit.tickets.toLocaleString('en')} tickets`;
  print(ok ? `ok: ${counts}, all sound` : `${problemCount} problems in ${counts}`);
}
