/** The sections on what was asked and answered over the time of the run, and on how requests ended. */
import { percent } from '../../../adapters/reports/format.ts';
import { type Ending, endings, type LoadResult, type ResourceRow, type SecondRow } from '../result.ts';
import { type ChartOrWords, type Colour, type Part, type TimeColumn, timeChart } from './chart.ts';
import { figure } from './figures.ts';
import { paragraph, tableMarkup } from './page-parts.ts';

const missingSeconds = 'the generator left no count of any second';

/** How requests ended, in words. */
export const endingNames = {
  succeeded: 'succeeded',
  throttled: 'throttled (429)',
  overloaded: 'overloaded (503)',
  refused: 'refused (other 4xx)',
  failed: 'failed (other 5xx)',
  reset: 'connection reset',
  timed_out: 'timed out',
  not_connected: 'not connected',
} as const satisfies Readonly<Record<Ending, string>>;

export function throughputPart({ seconds, analyses, scenario, resources }: LoadResult): Part {
  const missing = missingSeconds;
  const common = { unit: 'ms', keep: 'highest' } as const;
  const latency = (name: string, colour: Colour, of: (row: SecondRow) => number): TimeColumn<SecondRow> => ({
    name,
    colour,
    of: (row) => (answersOf(row) === 0 ? undefined : of(row)),
    keep: common.keep,
  });
  const { p99MsMax } = analyses.recovery?.band ?? {};
  return {
    id: 'run',
    title: 'What was asked, and what was answered',
    intro: downWords(resources),
    blocks: [
      timeChart({
        id: 'throughput',
        title: 'Offered against achieved',
        about:
          'Requests due in each second, those of them that succeeded, and events that their answers acknowledged.',
        unit: 'rate',
        rows: seconds,
        columns: [
          { name: 'offered', colour: 6, look: 'dashed', of: ({ due }) => due, keep: 'mean' },
          { name: 'achieved', colour: 1, of: (row) => row.endings.succeeded, keep: 'mean' },
          { name: 'transitions', colour: 4, of: ({ events }) => events, keep: 'mean' },
        ],
        log: 'off',
        missing,
      }),
      timeChart({
        id: 'percentiles',
        title: 'Latency over time',
        about: 'From the time that a request was due to its answer, of the requests due in each second.',
        unit: common.unit,
        rows: seconds,
        columns: [
          latency('max', 5, ({ maxMs }) => maxMs),
          latency('p99', 2, (row) => row.p99Ms),
          latency('p90', 1, ({ p90Ms }) => p90Ms),
          latency('p50', 4, ({ p50Ms }) => p50Ms),
        ],
        log: 'on',
        limits: [
          { value: scenario.objective.p99Ms, label: 'objective for p99' },
          ...(p99MsMax === undefined ? [] : [{ value: p99MsMax, label: 'recovery band of p99' }]),
        ],
        missing: seconds.length > 0 ? 'no request was answered' : missing,
      }),
    ],
  };
}

export function sendDelayChart({ seconds }: LoadResult): ChartOrWords {
  return timeChart({
    id: 'send-delay',
    title: 'Send delay over time',
    about: 'How long after the time it was due a request was sent.',
    unit: 'ms',
    rows: seconds,
    columns: [
      {
        name: 'p99 of the send delay',
        colour: 3,
        of: ({ sent, sendDelayP99Ms }) => (sent === 0 ? undefined : sendDelayP99Ms),
        keep: 'highest',
      },
    ],
    log: 'off',
    missing: seconds.length > 0 ? 'nothing was sent' : missingSeconds,
  });
}

export function errorsPart({ seconds, stages }: LoadResult): Part {
  const counted = stages.length > 0 ? stages : seconds;
  const counts = endings.map((ending) => {
    const total = counted.reduce((sum, each) => sum + each.endings[ending], 0);
    return { ending, total };
  });
  const answers = counts.reduce((sum, { total }) => sum + total, 0);
  const common = { id: 'errors', title: 'How requests ended' };
  if (answers === 0) {
    const why = seconds.length > 0 ? 'no request ended.' : `${missingSeconds}.`;
    return { ...common, intro: `Not measured: ${why}`, blocks: [] };
  }
  const colours: readonly Colour[] = [2, 5, 3, 1, 4, 6];
  const occurring = counts.filter(({ ending, total }) => ending !== 'succeeded' && total > 0);
  const columns = occurring.map(
    ({ ending }, index): TimeColumn<SecondRow> => ({
      name: endingNames[ending],
      colour: colours[index % colours.length] ?? 5,
      of: (row) => row.endings[ending],
      keep: 'highest',
    }),
  );
  return {
    ...common,
    intro: '',
    blocks: [
      occurring.length === 0
        ? paragraph(`Every request succeeded: ${figure('count', answers)} of ${figure('count', answers)}.`)
        : timeChart({
            id: 'errors-over-time',
            title: 'Requests that did not succeed',
            about: 'By how they ended, in the second they were due in.',
            unit: 'rate',
            rows: seconds,
            columns,
            log: 'off',
            missing: missingSeconds,
          }),
      tableMarkup({
        caption: stages.length > 0 ? 'Endings over all stages' : 'Endings over the run',
        headings: ['ending', 'requests', 'share'],
        rows: counts.map(({ ending, total }) => [
          endingNames[ending],
          figure('count', total),
          percent(total / answers),
        ]),
      }),
    ],
  };
}

function answersOf(row: SecondRow): number {
  return endings.reduce((sum, ending) => sum + row.endings[ending], 0);
}

function downWords(resources: readonly ResourceRow[]): string {
  const down = resources.filter(({ up }) => !up).length;
  if (down === 0) return '';
  return `The server did not answer ${figure('count', down)} of ${figure('count', resources.length)} probes of its health; the charts are marked in red there.`;
}
