/**
 * `npm run bench`: what Docket reaches on this machine, beside what its disk and its PostgreSQL reach alone.
 * It prints figures with their conditions and judges none; docs/benchmarks.md says how to read them.
 */
import { Command, Option } from 'commander';
import { type Conditions, findConditions } from './bench/conditions.ts';
import { diskSection } from './bench/disk.ts';
import { emmettSection } from './bench/emmett.ts';
import { engineSection } from './bench/engine.ts';
import { freshnessSection } from './bench/freshness.ts';
import { httpSection } from './bench/http.ts';
import { httpBulkSection } from './bench/http-bulk.ts';
import { importSection } from './bench/import.ts';
import { openSection } from './bench/open-log.ts';
import { overloadSection } from './bench/overload.ts';
import { postgresLogSection } from './bench/postgres-log.ts';
import { projectorSection } from './bench/projector.ts';
import { queriesSection } from './bench/queries.ts';
import { readersSection } from './bench/readers.ts';
import { rounded, type Section, showSection } from './bench/report.ts';
import { snapshotSection } from './bench/snapshots.ts';
import { type Bench, Workspace } from './bench/workspace.ts';
import { wholeNumber } from './cli/options.ts';
import { note, print, printJson, reportError } from './cli/output.ts';
import { stopSignal } from './runtime/signals.ts';

const sections = {
  engine: engineSection,
  disk: diskSection,
  import: importSection,
  projector: projectorSection,
  emmett: emmettSection,
  snapshots: snapshotSection,
  'postgres-log': postgresLogSection,
  open: openSection,
  readers: readersSection,
  queries: queriesSection,
  freshness: freshnessSection,
  overload: overloadSection,
  http: httpSection,
  'http-bulk': httpBulkSection,
} satisfies Record<string, (bench: Bench) => Promise<Section>>;
type SectionName = keyof typeof sections;
const names = Object.keys(sections) as SectionName[];
/** These are compared with the engine, so it runs too. */
const comparedWithEngine: readonly SectionName[] = ['disk', 'emmett'];

interface BenchOptions {
  readonly events: number;
  readonly sustained?: number;
  readonly openEvents: number;
  readonly queryEvents: number;
  readonly only: readonly SectionName[];
  readonly json?: true;
}

const program = new Command('bench')
  .description(
    'measure the engine, the logs, the disk, the projector, Emmett, an import, snapshots, queries, HTTP, overload',
  )
  .option(
    '--events <number>',
    'transitions in one round of the engine; other sizes follow',
    wholeNumber(1_000),
    300_000,
  )
  .option(
    '--sustained <number>',
    'transitions of one run of the engine without a pause, in place of its rounds',
    wholeNumber(1_000),
  )
  .option(
    '--open-events <number>',
    'events in the log that is opened, ten to a ticket',
    wholeNumber(100_000, 50_000_000),
    1_000_000,
  )
  .option(
    '--query-events <number>',
    'events whose read models are queried, eight to a ticket',
    wholeNumber(10_000, 50_000_000),
    1_000_000,
  )
  .addOption(new Option('--only <sections...>', 'what to measure').choices(names).default(names))
  .option('--json', 'print the result as one line of JSON')
  .action(run);

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = reportError(error);
}

async function run({ events, sustained, openEvents, queryEvents, only, json }: BenchOptions): Promise<void> {
  const signal = stopSignal();
  const workspace = new Workspace();
  const bench: Bench = { workspace, events, sustained, openEvents, queryEvents, signal, reached: {} };
  const startedAtMs = performance.now();
  try {
    const conditions = await findConditions(bench);
    if (json === undefined) showConditions(conditions);
    const measured: Section[] = [];
    for (const name of wanted(only)) {
      signal.throwIfAborted();
      const section = await sections[name](bench);
      measured.push(section);
      if (json === undefined) showSection(section);
    }
    const seconds = (performance.now() - startedAtMs) / 1_000;
    if (json) printJson({ conditions, sections: measured, seconds });
    else print(`\n${rounded(seconds)} s in all`);
  } catch (error) {
    if (!signal.aborted) throw error;
    note('docket bench: stopped; nothing is left behind');
    process.exitCode = 130;
  } finally {
    await bench.workspace.dispose();
  }
}

function wanted(only: readonly SectionName[]): readonly SectionName[] {
  const needsEngine = only.some((name) => comparedWithEngine.includes(name));
  return names.filter((name) => only.includes(name) || (name === 'engine' && needsEngine));
}

function showConditions(conditions: Conditions): void {
  print('0. conditions');
  const width = Math.max(...Object.keys(conditions).map((name) => name.length));
  for (const [name, value] of Object.entries(conditions)) print(`${name.padEnd(width)}  ${value}`);
}
