/**
 * The `docket` command line, put together from the commands; each lives in scripts/commands. It must hold
 * nothing of its own: what a command does is the command's.
 */
import { Command, CommanderError } from 'commander';
import { accessCommand } from '../commands/access.ts';
import { analystCommand } from '../commands/analyst.ts';
import { analyzeCommand } from '../commands/analyze.ts';
import { certCommand } from '../commands/cert.ts';
import { conformCommand } from '../commands/conform.ts';
import { doctorCommand } from '../commands/doctor.ts';
import { exportCommand } from '../commands/export.ts';
import { importCommand } from '../commands/import.ts';
import { keyCommand } from '../commands/key.ts';
import { logCommand } from '../commands/log.ts';
import { projectionsCommand } from '../commands/projections.ts';
import { projectorCommand } from '../commands/projector.ts';
import { replayCommand } from '../commands/replay.ts';
import { serveCommand } from '../commands/serve.ts';
import { simulateCommand } from '../commands/simulate.ts';
import { slaCommand } from '../commands/sla.ts';
import { throughputCommand } from '../commands/throughput.ts';
import { ticketCommand } from '../commands/ticket.ts';
import { verifyCommand } from '../commands/verify.ts';
import { webhookCommand } from '../commands/webhook.ts';
import { workflowCommand } from '../commands/workflow.ts';
import { docketVersion } from '../runtime/version.ts';
import { exitCodes, reportError } from './output.ts';

/** Runs one command line. The exit code says how it ended; nothing is thrown. */
export async function runProgram(): Promise<void> {
  const program = new Command('docket')
    .description(
      'An event-sourced ticket engine: legal transitions only, an append-only log, PostgreSQL read models.',
    )
    .version(docketVersion)
    .showHelpAfterError('(docket --help says more)')
    .addHelpText(
      'after',
      '\nExit codes: 0 done, 1 problems were found, 2 the command was used wrongly, 3 it could not do its work.',
    );

  const commands = [
    serveCommand(),
    projectorCommand(),
    projectionsCommand(),
    importCommand(),
    exportCommand(),
    ticketCommand(),
    throughputCommand(),
    replayCommand(),
    verifyCommand(),
    doctorCommand(),
    logCommand(),
    workflowCommand(),
    webhookCommand(),
    analyzeCommand(),
    conformCommand(),
    slaCommand(),
    analystCommand(),
    keyCommand(),
    accessCommand(),
    simulateCommand(),
    certCommand(),
  ];
  for (const command of commands) program.addCommand(command);
  for (const command of [program, ...program.commands.flatMap((each) => [each, ...each.commands])]) {
    command.exitOverride();
  }

  try {
    await program.parseAsync();
  } catch (error) {
    process.exitCode =
      error instanceof CommanderError
        ? error.exitCode === 0
          ? exitCodes.ok
          : exitCodes.usage
        : reportError(error);
  }
}
