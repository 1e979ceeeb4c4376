/**
 * `npm run load`: load tests from scenario files, each with a report that says whether it can be believed.
 * docs/load-tests.md says what each scenario asks and how to read what comes out.
 */
import { resolve } from 'node:path';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { duration } from './cli/durations.ts';
import { environmentKey, wholeNumber } from './cli/options.ts';
import { exitCodes, note, print, printJson, reportError } from './cli/output.ts';
import { findScenarios, shippedScenarios } from './load/catalogue.ts';
import type { GivenServer } from './load/given-place.ts';
import { liveProgress } from './load/live.ts';
import { leaveFigures } from './load/load-textfile.ts';
import { reportOf } from './load/report/render.ts';
import type { LoadResult } from './load/result.ts';
import { type RunSettings, runScenario } from './load/run.ts';
import { resultInWords, scenarioInWords, scenarioList } from './load/show.ts';
import { exportScenario, reasonNotToExport, writeToolFiles } from './load/tools/export.ts';
import { type LoadTool, loadTools } from './load/tools/tool.ts';
import { writeResult } from './load/write-result.ts';
import { stopSignal } from './runtime/signals.ts';

const outDefault = '.docket-load';
const preloadEventsMax = 50_000_000;
const workersMax = 16;
const mebibyte = 2 ** 20;
const daysMax = 7;

interface LoadOptions {
  readonly duration?: number;
  readonly preload?: number;
  readonly preloadFrom?: string;
  readonly url?: string;
  readonly key?: string;
  readonly dataDir?: string;
  readonly metricsUrl?: string;
  readonly out: string;
  readonly seed: number;
  readonly workers: number;
  readonly memoryAllocation?: number;
  readonly secondMethod?: true;
  readonly textfile?: string;
  readonly json?: true;
}

const program = new Command('load')
  .description('load tests: constant arrival rates, latency from when a request was due, counted in the log')
  .showHelpAfterError('(npm run load -- --help says more)')
  .addHelpText('after', '\nExit codes: 0 passed or not run, 1 failed, 2 invalid or used wrongly, 3 broken.');

program
  .command('run', { isDefault: true })
  .description('run scenarios: ids of those that ship, paths of others, or all')
  .argument('<scenarios...>')
  .option('--duration <time>', 'how long the measured stages last, or each step of a ladder', readDuration)
  .option('--preload <events>', 'events in the log before it begins', wholeNumber(0, preloadEventsMax))
  .option('--preload-from <folder>', 'keeps prepared data folders here, and takes them from here')
  .option('--url <url>', 'test this server in place of one of our own')
  .option('--key <key>', 'its API key; DOCKET_KEY otherwise')
  .option('--data-dir <folder>', 'the data folder of a server on this machine that runs already')
  .option('--metrics-url <url>', 'where its exporter answers, if the data folder does not tell')
  .option('--out <folder>', 'where results go', outDefault)
  .option('--seed <number>', 'the same seed asks the same', wholeNumber(0, 2 ** 32 - 1), 1)
  .option('--workers <number>', 'threads of the generator', wholeNumber(1, workersMax), 1)
  .option('--memory-allocation <MiB>', 'what Docket and its PostgreSQL may use', wholeNumber(1))
  .option('--second-method', 'after a ladder, ask wrk or ab as well what the server bears')
  .option('--textfile <folder>', "leave the figures for node_exporter's textfile collector here")
  .option('--json', 'print each result as one line of JSON')
  .action(run);
program
  .command('list')
  .description('the scenarios that ship')
  .action(async () => print(scenarioList(await shippedScenarios())));
program
  .command('show')
  .description('what scenarios ask, in full')
  .argument('<scenarios...>')
  .action(async (names: readonly string[]) =>
    print((await findScenarios(names)).map(scenarioInWords).join('\n\n')),
  );
program
  .command('report')
  .description('makes the report of a result.json once more, beside it')
  .argument('<file>')
  .action(async (file: string) => print(await reportOf(file)));
program
  .command('export')
  .description('writes scenarios for other tools; their files take DOCKET_URL, DOCKET_KEY and DOCKET_SECONDS')
  .argument('<scenarios...>')
  .addOption(
    new Option('--for <tool>', 'the tool, or all').choices([...loadTools, 'all']).makeOptionMandatory(),
  )
  .option('--out <folder>', 'where the files go', '.')
  .action(exportFiles);
for (const command of [program, ...program.commands]) command.exitOverride();

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError)
    process.exitCode = error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  else process.exitCode = reportError(error);
}

async function run(names: readonly string[], options: LoadOptions): Promise<void> {
  const scenarios = await findScenarios(names);
  const signal = stopSignal();
  try {
    for (const scenario of scenarios) {
      const quiet = options.json === true;
      if (!quiet) note(`${scenario.id}  ${scenario.title}`);
      const result = await runScenario(scenario, settingsOf(options, signal));
      const { json, report } = await writeResult(result, options.out);
      if (options.textfile !== undefined) await leaveFigures(result, options.textfile);
      if (quiet) printJson(result);
      else print(`${resultInWords(result)}\n\n  report     ${report}\n  JSON       ${json}\n`);
      process.exitCode = Math.max(Number(process.exitCode ?? 0), exitCodeOf(result));
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    note('docket load: stopped; nothing is left behind');
    process.exitCode = 130;
  }
}

/** With many scenarios or tools, what cannot be written is told, and the rest is. */
async function exportFiles(
  names: readonly string[],
  { for: wanted, out }: { readonly for: LoadTool | 'all'; readonly out: string },
): Promise<void> {
  const scenarios = await findScenarios(names);
  const tools = wanted === 'all' ? loadTools : [wanted];
  for (const scenario of scenarios) {
    for (const tool of tools) {
      const why = scenarios.length * tools.length === 1 ? undefined : reasonNotToExport(scenario, tool);
      if (why !== undefined) note(`${scenario.id} is not written for ${tool}: ${why}`);
      else for (const path of await writeToolFiles(exportScenario(scenario, tool), out)) print(path);
    }
  }
}

function settingsOf(options: LoadOptions, signal: AbortSignal): RunSettings {
  const { duration: seconds, preload, preloadFrom, seed, workers, memoryAllocation, json } = options;
  return {
    wishes: { seconds, preloadEvents: preload },
    given: givenServer(options),
    seed,
    workers,
    memoryAllocation: memoryAllocation === undefined ? undefined : memoryAllocation * mebibyte,
    preloadFrom,
    secondMethod: options.secondMethod === true,
    signal,
    progress: liveProgress(json === true),
  };
}

function givenServer({ url, key, dataDir, metricsUrl }: LoadOptions): GivenServer | undefined {
  if (url === undefined && dataDir === undefined) return undefined;
  return {
    url,
    key: key ?? environmentKey(),
    dataDir: dataDir === undefined ? undefined : resolve(dataDir),
    metricsUrl,
  };
}

/** Worse than failed is what can not be believed. */
function exitCodeOf({ verdict }: LoadResult): number {
  return { passed: 0, not_run: 0, failed: 1, invalid: 2 }[verdict];
}

function readDuration(text: string): number {
  const seconds = /^(\d{1,6})s$/.exec(text)?.[1];
  const value = seconds === undefined ? duration(daysMax)(text) / 1_000 : Number(seconds);
  if (value > 0) return value;
  throw new InvalidArgumentError('It must be a time such as 60s, 10m or 8h.');
}
