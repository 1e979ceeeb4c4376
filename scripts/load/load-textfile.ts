/**
 * What a load test came to, for node_exporter's textfile collector: one file per scenario, replaced by the
 * next run of it. Only what is worth an alert or a line over months; everything else is in result.json.
 */
import { join } from 'node:path';
import type { MetricFamily, MetricSample } from '../../adapters/metrics/snapshot.ts';
import { textfileEnding, writeTextfile } from '../measuring/textfile.ts';
import type { LoadResult } from './result.ts';

const verdicts: readonly LoadResult['verdict'][] = ['passed', 'failed', 'invalid', 'not_run'];

/** Throws `Fault('output_unwritable')`. */
export async function leaveFigures(result: LoadResult, folder: string): Promise<void> {
  const name = `docket-load-${result.scenario.id.toLowerCase()}${textfileEnding}`;
  await writeTextfile(join(folder, name), figuresOf(result));
}

function figuresOf(result: LoadResult): readonly MetricFamily[] {
  const { scenario, latency, counting, analyses, kpis, finishedAt } = result;
  const of = { scenario: scenario.id };
  const one = (value: number): readonly MetricSample[] => [{ labels: of, value }];
  const outcome = [
    gauge(
      'docket_load_verdict',
      'How the last run of a scenario ended: 1 for its verdict, 0 for the others.',
      verdicts.map((verdict) => {
        return { labels: { ...of, verdict }, value: verdict === result.verdict ? 1 : 0 };
      }),
    ),
    gauge(
      'docket_load_finished_timestamp_seconds',
      'When the last run of a scenario ended.',
      one(Date.parse(finishedAt) / 1_000),
    ),
  ];
  // Of what was not run, or can not be believed, there is nothing to tell.
  if (result.verdict === 'not_run' || result.verdict === 'invalid') return outcome;
  const capacity = analyses.capacity?.perSecond;
  return [
    ...outcome,
    gauge(
      'docket_load_latency_seconds',
      'Latency from when a request was due, over the stages that were judged.',
      Object.entries({ 0.5: latency.p50Ms, 0.99: latency.p99Ms, 1: latency.maxMs }).map(([quantile, ms]) => {
        return { labels: { ...of, quantile }, value: ms / 1_000 };
      }),
    ),
    gauge(
      'docket_load_transitions_per_second',
      "Committed transitions per second, by the log's own count.",
      one(counting.logPerSecond),
    ),
    gauge(
      'docket_load_kpi_met',
      'Whether a key performance indicator was met; absent where it was not judged.',
      kpis
        .filter(({ verdict }) => verdict !== 'not_judged')
        .map(({ name, verdict }) => ({ labels: { ...of, kpi: name }, value: verdict === 'met' ? 1 : 0 })),
    ),
    ...(capacity === undefined
      ? []
      : [
          gauge(
            'docket_load_capacity_per_second',
            'The highest rate that kept the objective.',
            one(capacity),
          ),
        ]),
  ];
}

function gauge(name: string, help: string, samples: readonly MetricSample[]): MetricFamily {
  return { name, help, kind: 'gauge', samples: [...samples] };
}
