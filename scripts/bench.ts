/**
 * `npm run bench`: what Docket reaches on this machine, beside what its disk and its PostgreSQL reach alone
 * and what Emmett does there. It prints figures with their conditions and judges none; only `--compare` says
 * what changed since a stored run. docs/benchmarks.md says how to read them.
 */
import { Command, Option } from 'commander';
import { compareRuns } from './bench/compare.ts';
import { showComparison } from './bench/comparison-report.ts';
import { type Conditions, conditionsInWords } from './bench/conditions.ts';
import { rounded, showSection, showValidity } from './bench/report.ts';
import type { BenchResult } from './bench/result.ts';
import { type RunListener, runBenchmarks, type SectionName, sectionNames, suite } from './bench/run.ts';
import { readRun, writeRun } from './bench/stored-run.ts';
import { writeBenchTextfile } from './bench/textfile.ts';
import { type Bench, Workspace } from './bench/workspace.ts';
import { wholeNumber } from './cli/options.ts';
import { exitCodes, note, print, printJson, reportError } from './cli/output.ts';
import { stopSignal } from './runtime/signals.ts';

/** What a run is made of, unless its sizes are given one by one. */
const wholeSizes = {
  events: 300_000,
  rounds: 5,
  turnMs: 2_000,
  openEvents: 1_000_000,
  coldEvents: 1_000_000,
} as const;
const quickSizes = {
  events: 20_000,
  rounds: 3,
  turnMs: 300,
  openEvents: 100_000,
  coldEvents: 10_000,
} as const;

const silent: RunListener = { onConditions: () => {}, onSection: () => {} };
const aloud: RunListener = { onConditions: showConditions, onSection: showSection };

interface BenchOptions {
  readonly events?: number;
  readonly rounds?: number;
  readonly sustained?: number;
  readonly openEvents?: number;
  readonly queryEvents: number;
  readonly only: readonly SectionName[];
  readonly quick?: true;
  readonly json?: true;
  readonly out?: string;
  readonly textfile?: string;
  readonly compare?: string;
  readonly stored?: string;
  readonly failOnWorse?: true;
}

const program = withResults(withSizes(new Command('bench')))
  .description(
    'measure the engine, the logs, the projector, HTTP and a cold start, beside raw limits and Emmett',
  )
  .addOption(
    new Option('--only <sections...>', 'what to measure, in place of the suite')
      .choices(sectionNames)
      .default(suite, suite.join(' ')),
  )
  .option('--quick', 'small sizes and few rounds, to see that everything works; comparable with nothing')
  .action(run);

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = reportError(error);
}

function withSizes(command: Command): Command {
  return command
    .option(
      '--events <number>',
      `transitions in one round of the engine; other sizes follow (default: ${wholeSizes.events})`,
      wholeNumber(1_000),
    )
    .option(
      '--rounds <number>',
      `how often what is compared has its turn (default: ${wholeSizes.rounds})`,
      wholeNumber(1, 50),
    )
    .option(
      '--sustained <number>',
      'transitions of one run of the engine without a pause, in place of its rounds',
      wholeNumber(1_000),
    )
    .option(
      '--open-events <number>',
      `events in the log that is opened, ten to a ticket (default: ${wholeSizes.openEvents})`,
      wholeNumber(100_000, 50_000_000),
    )
    .option(
      '--query-events <number>',
      'events whose read models are queried, eight to a ticket',
      wholeNumber(10_000, 50_000_000),
      1_000_000,
    );
}

function withResults(command: Command): Command {
  return command
    .option('--json', 'print the result (schema docket-bench/1) as one line of JSON')
    .option('--out <file>', 'store the result as JSON')
    .option('--textfile <folder>', 'write the figures for the textfile collector of node_exporter')
    .option('--compare <file>', 'say what changed since this stored run')
    .addOption(
      new Option('--stored <file>', 'take this stored run in place of a new one').conflicts([
        'only',
        'quick',
        'events',
        'rounds',
        'sustained',
        'openEvents',
        'queryEvents',
      ]),
    )
    .option('--fail-on-worse', 'end with 1 where --compare finds a figure worse');
}

async function run(options: BenchOptions): Promise<void> {
  // Read first: a mistake in its name should not cost ten minutes.
  const before = options.compare === undefined ? undefined : await readRun(options.compare);
  const result = options.stored === undefined ? await measure(options) : await readRun(options.stored);
  if (result === undefined) return;
  if (options.out !== undefined) await writeRun(options.out, result);
  if (options.textfile !== undefined) {
    note(`docket bench: figures written to ${await writeBenchTextfile(options.textfile, result)}`);
  }
  const comparison = before === undefined ? undefined : compareRuns(before, result);
  if (options.json) printJson(comparison === undefined ? result : { result, comparison });
  else if (comparison !== undefined) showComparison(comparison, options.compare ?? '');
  const worse = comparison?.figures.some(({ verdict }) => verdict === 'worse') ?? false;
  if (worse && options.failOnWorse) process.exitCode = exitCodes.problemsFound;
}

/** Undefined where it was stopped. */
async function measure(options: BenchOptions): Promise<BenchResult | undefined> {
  const signal = stopSignal();
  const workspace = new Workspace();
  const quick = options.quick === true;
  const sizes = quick ? quickSizes : wholeSizes;
  const bench: Bench = {
    workspace,
    quick,
    events: options.events ?? sizes.events,
    rounds: options.rounds ?? sizes.rounds,
    turnMs: sizes.turnMs,
    sustained: options.sustained,
    openEvents: options.openEvents ?? sizes.openEvents,
    coldEvents: sizes.coldEvents,
    queryEvents: options.queryEvents,
    signal,
    reached: {},
  };
  const startedAtMs = performance.now();
  const plan = { only: options.only, commandLine: process.argv.slice(2) };
  try {
    const result = await runBenchmarks(bench, plan, options.json ? silent : aloud);
    if (!options.json) {
      showValidity(result.validity);
      print(`${rounded((performance.now() - startedAtMs) / 1_000)} s in all`);
    }
    return result;
  } catch (error) {
    if (!signal.aborted) throw error;
    note('docket bench: stopped; nothing is left behind');
    process.exitCode = 130;
    return undefined;
  } finally {
    await workspace.dispose();
  }
}

function showConditions(conditions: Conditions): void {
  print('0. conditions');
  const words = Object.entries(conditionsInWords(conditions));
  const width = Math.max(...words.map(([name]) => name.length));
  for (const [name, value] of words) print(`${name.padEnd(width)}  ${value}`);
}
