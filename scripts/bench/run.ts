/**
 * One run of the benchmarks from its first look at the machine to its verdict on itself. It prints nothing;
 * whoever shows it is told as it goes.
 */
import { coldStartSection } from './cold-start.ts';
import { type Conditions, findConditions } from './conditions.ts';
import { diskSection } from './disk.ts';
import { emmettSection } from './emmett.ts';
import { engineSection } from './engine.ts';
import { freshnessSection } from './freshness.ts';
import { httpSection } from './http.ts';
import { httpBulkSection } from './http-bulk.ts';
import { importSection } from './import.ts';
import { MachineWatch } from './machine-watch.ts';
import { openSection } from './open-log.ts';
import { overloadSection } from './overload.ts';
import { postgresLogSection } from './postgres-log.ts';
import { projectorSection } from './projector.ts';
import { queriesSection } from './queries.ts';
import { readersSection } from './readers.ts';
import { type Section, storedSection } from './report.ts';
import { type BenchResult, type BenchSection, benchSchemaName } from './result.ts';
import { segmentLogSection } from './segment-log.ts';
import { snapshotSection } from './snapshots.ts';
import { judgeRun } from './validity.ts';
import type { Bench } from './workspace.ts';

/** In this order, whatever order they are asked for in. */
const sections = {
  engine: engineSection,
  'segment-log': segmentLogSection,
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
  http: httpSection,
  'http-bulk': httpBulkSection,
  overload: overloadSection,
  'cold-start': coldStartSection,
} satisfies Record<string, (bench: Bench) => Promise<Section>>;
export type SectionName = keyof typeof sections;
export const sectionNames = Object.keys(sections) as SectionName[];

/** What runs unless something else is asked for. */
export const suite: readonly SectionName[] = [
  'engine',
  'segment-log',
  'postgres-log',
  'projector',
  'http',
  'http-bulk',
  'cold-start',
];

export interface RunPlan {
  readonly only: readonly SectionName[];
  readonly commandLine: readonly string[];
}

export interface RunListener {
  onConditions(conditions: Conditions): void;
  onSection(section: BenchSection): void;
}

/** Throws the reason of the signal where it is stopped. */
export async function runBenchmarks(
  bench: Bench,
  { only, commandLine }: RunPlan,
  listener: RunListener,
): Promise<BenchResult> {
  const { quick } = bench;
  const startedAt = new Date().toISOString();
  const conditions = await findConditions(bench);
  listener.onConditions(conditions);
  const watch = new MachineWatch(bench.workspace.folder);
  const measured: BenchSection[] = [];
  for (const name of sectionNames.filter((each) => only.includes(each))) {
    bench.signal.throwIfAborted();
    const startedAtMs = performance.now();
    watch.lap();
    const section = await sections[name](bench);
    const cpu = watch.lap();
    const seconds = (performance.now() - startedAtMs) / 1_000;
    const stored = storedSection(name, section, { seconds, ...(cpu === undefined ? {} : { cpu }) });
    measured.push(stored);
    listener.onSection(stored);
  }
  return {
    schema: benchSchemaName,
    startedAt,
    finishedAt: new Date().toISOString(),
    ...conditions,
    commandLine: [...commandLine],
    quick,
    validity: judgeRun({
      quick,
      cores: conditions.machine.cores,
      loadBefore: conditions.loadBefore,
      fdatasyncMicroseconds: conditions.durability.fdatasyncMicroseconds,
      clockJumpMs: watch.clockJumpMs(),
      sections: measured,
    }),
    sections: measured,
  };
}
