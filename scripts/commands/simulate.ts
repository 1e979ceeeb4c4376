/** `docket simulate`: a seeded support desk whose rates come from a real ServiceNow log. */
import { Command, Option } from 'commander';
import { simulateDesk } from '../../adapters/simulation/simulate-desk.ts';
import { type JsonOptions, type LogOptions, wholeNumber, withJson, withLog } from '../cli/options.ts';
import { exitCodes, print, printJson } from '../cli/output.ts';
import { progressBar } from '../cli/progress.ts';
import { stopSignal } from '../runtime/signals.ts';
import { openSink } from '../runtime/sink.ts';

interface SimulateOptions extends LogOptions, JsonOptions {
  readonly seed: number;
  readonly tickets: number;
  readonly workflow: 'support' | 'incident';
  readonly speed?: number;
}

export function simulateCommand(): Command {
  const command = new Command('simulate')
    .description('play a support desk into the running server, or straight into the log where none runs')
    .option('--seed <number>', 'the same seed plays the same desk', wholeNumber(0), 1)
    .option('--tickets <number>', 'how many tickets come in', wholeNumber(1), 1_000)
    .addOption(new Option('--workflow <name>').choices(['support', 'incident']).default('support'))
    .option(
      '--speed <factor>',
      'business seconds per second; as fast as possible if left out',
      wholeNumber(1),
    );
  return withJson(withLog(command)).action(simulate);
}

async function simulate(options: SimulateOptions): Promise<void> {
  const { seed, tickets, workflow, speed } = options;
  const signal = stopSignal();
  const { sink, server, close } = await openSink(options);
  const bar = progressBar('simulating', 'tickets', options);
  const stats = await simulateDesk({
    seed,
    tickets,
    workflow,
    ...(speed === undefined ? {} : { speed }),
    sink,
    signal,
    onProgress: ({ ticketsOpened }) => bar.report(ticketsOpened, tickets),
  }).finally(async () => {
    bar.stop();
    await close();
  });
  if (stats.surprises > 0) process.exitCode = exitCodes.problemsFound;
  if (options.json) {
    printJson(stats);
    return;
  }
  const count = (value: number) => value.toLocaleString('en');
  const until = new Date(stats.simulatedUntil).toISOString();
  print(`${count(stats.ticketsOpened)} tickets until ${until} in ${stats.seconds.toFixed(1)} s`);
  print(`  into      ${server ?? options.dataDir}`);
  print(
    `  commands  ${count(stats.commands)}: ${count(stats.accepted)} accepted, ${count(stats.rejected)} rejected`,
  );
  print(
    `            (${count(stats.wrongOnPurpose)} were wrong on purpose, ${count(stats.repeated)} sent twice)`,
  );
  print(`  events    ${count(stats.events)}`);
  if (stats.surprises > 0)
    print(`  surprises ${count(stats.surprises)}: answers other than meant; was this desk played before?`);
}
