/** A run of the benchmarks for the textfile collector of node_exporter, so that figures have a history. */
import { join } from 'node:path';
import { writeTextfile } from '../measuring/textfile.ts';
import type { BenchResult } from './result.ts';

const fileName = 'docket_bench.prom';

type Families = Parameters<typeof writeTextfile>[1];

/** Answers the path that it wrote. */
export async function writeBenchTextfile(folder: string, result: BenchResult): Promise<string> {
  const path = join(folder, fileName);
  await writeTextfile(path, benchFamilies(result));
  return path;
}

/** Values keep their own units, which a label names: rates, times and sizes stand side by side. */
export function benchFamilies({ sections, validity, finishedAt }: BenchResult): Families {
  const figures = sections.flatMap((section) => section.figures);
  return [
    {
      name: 'docket_bench_figure',
      help: 'Median of what a benchmark measured, in the unit of its label.',
      kind: 'gauge',
      samples: figures.map(({ id, role, unit, value }) => ({ labels: { id, role, unit }, value })),
    },
    {
      name: 'docket_bench_beside_ratio',
      help: 'A figure divided by another of the same run, such as the raw limit.',
      kind: 'gauge',
      samples: figures.flatMap(({ id, beside }) =>
        beside.map((other) => ({ labels: { id, beside: other.id }, value: other.ratio })),
      ),
    },
    {
      name: 'docket_bench_valid',
      help: 'Whether the machine left the last benchmark alone: 1, or 0.',
      kind: 'gauge',
      samples: [{ labels: {}, value: validity.valid ? 1 : 0 }],
    },
    {
      name: 'docket_bench_finished_timestamp_seconds',
      help: 'When the last benchmark ended.',
      kind: 'gauge',
      samples: [{ labels: {}, value: Date.parse(finishedAt) / 1_000 }],
    },
  ];
}
