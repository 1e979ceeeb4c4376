/**
 * The sections of words and tables: whether the run can be believed, the KPIs, what to do next, what the
 * analyses found, the answers against the log, and the conditions. They tell verdicts, and reach none.
 */
import { percent } from '../../../adapters/reports/format.ts';
import { type Content, markup } from '../../../adapters/reports/markup.ts';
import type { Kpi, LeakAnalysis, LoadResult, Quantiles, RecoveryAnalysis } from '../result.ts';
import type { ChartOrWords, Part } from './chart.ts';
import { figure, type Unit } from './figures.ts';
import { facts, judged, list, paragraph, tableMarkup } from './page-parts.ts';

export function kpiPart({ kpis, scenario, verdict }: LoadResult): Part {
  const words: Readonly<Record<Kpi['verdict'], Content>> = {
    met: judged('good', 'met'),
    missed: judged('bad', 'missed'),
    not_judged: judged('none', 'not judged'),
  };
  const none =
    verdict === 'not_run'
      ? 'Nothing was judged, because the run did not take place.'
      : 'No key performance indicator was judged: the scenario sets no limit.';
  return {
    id: 'kpis',
    title: 'Key performance indicators',
    intro:
      kpis.length === 0 ? none : `Judged from what was measured, by the limits that ${scenario.id} sets.`,
    blocks:
      kpis.length === 0
        ? []
        : [
            tableMarkup({
              caption: 'Limits and measurements',
              headings: ['indicator', 'verdict', 'limit', 'measured', 'note'],
              rows: kpis.map((kpi) => [
                kpi.name,
                words[kpi.verdict],
                kpi.limit,
                kpi.measured,
                kpi.note ?? '',
              ]),
              texts: [1, 2, 3, 4],
            }),
          ],
  };
}

/** In the place of all measurements where there are none, because the scenario was not run. */
export function notRunPart({ why }: LoadResult): Part {
  return {
    id: 'measurements',
    title: 'Measurements',
    intro: `Not measured: the run did not take place: ${why}`,
    blocks: [],
  };
}

/** Says it plainly: the figures of an invalid run are shown, because they tell what went wrong with it. */
export function validityPart({ validity }: LoadResult, charts: readonly ChartOrWords[]): Part {
  const { valid, reasons, sendDelay, generatorCpuShare } = validity;
  return {
    id: 'validity',
    title: 'Can these figures be believed?',
    intro:
      'Requests are sent by a timetable, whether answers come or not, and latency counts from the time that a' +
      ' request was due. A generator that is late itself would blame the server for its own delay.',
    blocks: [
      valid
        ? paragraph([judged('good', 'Valid'), ': the generator kept its timetable.'])
        : paragraph([judged('warn', 'Invalid'), ': do not use the figures of this run.']),
      ...(reasons.length === 0 ? [] : [list(reasons)]),
      quantileTable('How late the generator sent, after the time a request was due', 'of', [
        ['send delay', sendDelay],
      ]),
      paragraph(`The busiest worker of the generator used ${percent(generatorCpuShare)} of one core.`),
      ...charts,
    ],
  };
}

export function quantileTable(
  caption: string,
  heading: string,
  rows: readonly (readonly [name: string, quantiles: Quantiles])[],
): ChartOrWords {
  return tableMarkup({
    caption,
    headings: [heading, 'requests', 'mean', 'p50', 'p75', 'p90', 'p99', 'p99.9', 'max'],
    rows: rows.map(([name, each]) => {
      const { count, meanMs, p50Ms, p75Ms, p90Ms, p99Ms, p999Ms, maxMs } = each;
      const times = [meanMs, p50Ms, p75Ms, p90Ms, p99Ms, p999Ms, maxMs];
      return [name, figure('count', count), ...times.map((ms) => figure('ms', count === 0 ? undefined : ms))];
    }),
  });
}

export function nextPart({ summary, analyses }: LoadResult): Part {
  const { where, evidence } = analyses.bottleneck;
  const places = {
    api: 'The API process',
    database: 'The database',
    projector: 'The projector',
    generator: 'The generator itself',
    none: 'No part of the system was found to hold the others back',
  } as const;
  const bottleneck = [
    markup`<h3>Bottleneck</h3>\n`,
    paragraph(markup`<strong>${places[where]}</strong>${where === 'none' ? '.' : ' is what limits.'}`),
    ...(evidence.length === 0 ? [] : [list(evidence)]),
  ];
  return {
    id: 'next',
    title: 'What to do next',
    intro: summary.length === 0 ? 'The measurements give no reason to change anything.' : '',
    blocks: [...(summary.length === 0 ? [] : [list(summary, true)]), ...bottleneck],
  };
}

export function recoveryPart({ analyses, scenario }: LoadResult): Part {
  const { recovery } = analyses;
  const asked = scenario.stages.some(({ role }) => role === 'surge');
  const { seconds, band } = recovery ?? {};
  return {
    id: 'recovery',
    title: 'Recovery from the surge',
    intro:
      recovery !== undefined
        ? 'Recovered is when p99 and lag are back in the band from before the surge, and stay there.'
        : asked
          ? 'Not measured: the analysis had too little of the time before the surge or after it.'
          : 'Not measured: the scenario has no surge to recover from.',
    blocks:
      recovery === undefined
        ? []
        : [
            facts([
              [
                'back in the band after',
                seconds === undefined ? 'not while it was watched' : figure('seconds', seconds),
              ],
              ['read models caught up after', drained(recovery)],
              ['the band', `p99 up to ${figure('ms', band?.p99MsMax)}, ${bandOfLag(band?.lagEventsMax)}`],
            ]),
          ],
  };
}

function drained({ drainSeconds, band }: RecoveryAnalysis): string {
  if (drainSeconds !== undefined) return figure('seconds', drainSeconds);
  return band.lagEventsMax === undefined ? 'not measured' : 'not while it was watched';
}

function bandOfLag(events: number | undefined): string {
  return events === undefined ? 'lag was not measured' : `lag up to ${figure('count', events)} events`;
}

export function leakPart({ analyses, resources }: LoadResult): Part {
  const { leaks } = analyses;
  const words: Readonly<Record<LeakAnalysis['verdict'], Content>> = {
    flat: judged('good', 'flat'),
    leaking: judged('bad', 'leaking'),
    too_few_samples: judged('none', 'too few samples'),
  };
  return {
    id: 'leaks',
    title: 'Does anything grow that should not?',
    intro:
      leaks.length > 0
        ? 'The slope of each series by Theil and Sen, with its 95 % confidence interval.'
        : `Not measured: ${resources.length === 0 ? 'no resources were sampled' : 'the run was too short to tell a leak from warming up'}.`,
    blocks:
      leaks.length === 0
        ? []
        : [
            tableMarkup({
              caption: 'Slopes',
              headings: ['series', 'verdict', 'samples', 'per hour', 'at least', 'at most'],
              rows: leaks.map((leak) => {
                const { series, verdict, samples, slopePerHour, lowPerHour, highPerHour } = leak;
                const slopes = [slopePerHour, lowPerHour, highPerHour];
                const shown = verdict === 'too_few_samples' ? slopes.map(() => undefined) : slopes;
                return [
                  series,
                  words[verdict],
                  figure('count', samples),
                  ...shown.map((each) => signed(unitOf(series), each)),
                ];
              }),
              texts: [1],
            }),
          ],
  };
}

/** Slopes are of bytes where the series is of memory, and of pieces otherwise. */
function unitOf(series: string): Unit {
  return /heap|memory|resident|bytes/i.test(series) ? 'bytes' : 'count';
}

function signed(unit: Unit, value: number | undefined): string {
  return `${value !== undefined && value > 0 ? '+' : ''}${figure(unit, value)}`;
}

export function countingPart({ counting }: LoadResult): Part {
  const { logBefore, logAfter, acknowledged, unexplained, equal, logPerSecond } = counting;
  const whole = (value: number) => value.toLocaleString('en');
  return {
    id: 'counting',
    title: 'The answers against the log',
    intro: 'What the answers acknowledged must be in the log, and what is in the log must be accounted for.',
    blocks: [
      paragraph(
        equal
          ? [judged('good', 'Equal'), ': the log holds exactly what was acknowledged and accounted for.']
          : [judged('bad', 'Not equal'), ': the log and the answers disagree.'],
      ),
      facts([
        ['in the log before', `${whole(logBefore)} events`],
        ['in the log after', `${whole(logAfter)} events`],
        ['more in the log', whole(logAfter - logBefore)],
        ['acknowledged by answers', whole(acknowledged)],
        ['in the log without an answer', `${whole(unexplained)} (of requests cut off, or of timers)`],
        ['transitions over the measured stages', `${figure('rate', logPerSecond)}, by the log's own times`],
      ]),
    ],
  };
}

export function conditionsPart({ conditions, scenario }: LoadResult): Part {
  const entries = Object.entries(conditions);
  return {
    id: 'conditions',
    title: 'Conditions and scenario',
    intro:
      'Figures hold for these conditions. The unrounded measurements are in result.json beside this page.',
    blocks: [
      entries.length === 0 ? paragraph('No conditions were recorded.') : facts(entries),
      markup`<details><summary>The scenario ${scenario.id}, as it was run</summary>
<pre tabindex="0">${JSON.stringify(scenario, null, 2)}</pre></details>
`,
    ],
  };
}
