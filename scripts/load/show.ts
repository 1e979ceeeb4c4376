/** A result, and a scenario, as a person reads them at a terminal. */
import { table } from '../cli/output.ts';
import { secondsOf, span } from './order.ts';
import type { CapacityAnalysis, LoadResult } from './result.ts';
import { actions, type Scenario, type Stage } from './scenario.ts';

/** Without its charts: they are in the report. */
export function resultInWords(result: LoadResult): string {
  const { scenario, verdict, why, changed } = result;
  const title = `${scenario.id}  ${scenario.title}`;
  const differs = changed === undefined ? [] : [`  differs    ${changed}`];
  const head = [title, `  verdict    ${verdict.replace('_', ' ')}: ${why}`, ...differs];
  if (verdict === 'not_run') return head.join('\n');
  return [...head, ...figuresInWords(result), '', kpiTable(result), ...summaryLines(result)].join('\n');
}

function figuresInWords(result: LoadResult): readonly string[] {
  const { latency, counting, validity, analyses } = result;
  const { capacity, bottleneck } = analyses;
  const grown = counting.logAfter - counting.logBefore;
  const sendDelay = `send delay p99 ${validity.sendDelay.p99Ms.toFixed(2)} ms`;
  const generator = `busiest worker ${(100 * validity.generatorCpuShare).toFixed(0)} % of a core`;
  return [
    `  latency    p50 ${latency.p50Ms.toFixed(1)} ms, p99 ${latency.p99Ms.toFixed(1)} ms, slowest` +
      ` ${latency.maxMs.toFixed(1)} ms, from when ${latency.count.toLocaleString('en')} requests were due`,
    `  the log    ${counting.logPerSecond.toFixed(1)} transitions/s committed; grew by` +
      ` ${grown.toLocaleString('en')}, answers told of ${counting.acknowledged.toLocaleString('en')}`,
    ...(capacity === undefined ? [] : [`  capacity   ${capacityInWords(capacity)}`]),
    ...secondMethodLines(result),
    `  bottleneck ${bottleneck.where}${bottleneck.evidence.length === 0 ? '' : `: ${bottleneck.evidence.join('; ')}`}`,
    `  validity   ${validity.valid ? 'valid' : `invalid, ${validity.reasons.join('; ')}`} (${sendDelay}, ${generator})`,
  ];
}

function capacityInWords({ perSecond, step, limit, atLeast }: CapacityAnalysis) {
  return perSecond === undefined
    ? `not even the first step: ${limit}`
    : `${atLeast ? 'at least ' : ''}${perSecond.toFixed(0)}/s at ${step}; ${limit}`;
}

function secondMethodLines({ secondMethod }: LoadResult): readonly string[] {
  if (secondMethod === undefined) return [];
  const runs = secondMethod.runs.map(
    ({ when, perSecond, countedInLog }) =>
      `             ${when}: ${perSecond.toFixed(1)}/s, counted in the log ${countedInLog.toFixed(1)}/s`,
  );
  return [`  second     ${secondMethod.words}`, ...runs];
}

const verdictWords = { met: 'met', missed: 'MISSED', not_judged: 'not judged' } as const;

function kpiTable({ kpis }: LoadResult): string {
  const rows = kpis.map(({ name, limit, measured, verdict, note }) => [
    name,
    limit,
    measured,
    verdictWords[verdict],
    note ?? '',
  ]);
  return table(['KPI', 'limit', 'measured', 'verdict', 'note'], rows);
}

function summaryLines({ summary }: LoadResult): readonly string[] {
  return summary.length === 0 ? [] : ['', 'To get more out of it:', ...summary.map((line) => `  - ${line}`)];
}

/** One line for each scenario. */
export function scenarioList(scenarios: readonly Scenario[]): string {
  const rows = scenarios.map((scenario) => [scenario.id, scenario.kind, lengthOf(scenario), scenario.title]);
  return table(['scenario', 'kind', 'takes', 'what'], rows);
}

/** What a scenario asks, in full. */
export function scenarioInWords(scenario: Scenario): string {
  const { id, title, purpose, kind, users, protocol, mix, stages, ladder, sweep, server, kpis } = scenario;
  const weights = mix.reduce((sum, { weight }) => sum + weight, 0);
  return [
    `${id}  ${title}`,
    `  ${purpose}`,
    `  kind       ${kind}, about ${lengthOf(scenario)}`,
    `  users      ${users.toLocaleString('en')} over ${protocol === 'http1' ? 'HTTP/1.1' : 'HTTP/2 with TLS'}`,
    ...mix.map(
      ({ action, weight }) =>
        `  ${((100 * weight) / weights).toFixed(0).padStart(4)} %     ${action}: ${actions[action]}`,
    ),
    ...stages.map((stage) => `  stage      ${stage.name} (${stage.role}): ${shapeInWords(stage)}`),
    ...(ladder === undefined
      ? []
      : [
          `  ladder     from ${ladder.fromPerSecond}/s, times ${ladder.factor} for each of at most` +
            ` ${ladder.stepsMax} steps of ${span(ladder.secondsEach)}` +
            (ladder.refinements === 0 ? '' : `, then ${ladder.refinements} between the last two`),
        ]),
    ...(sweep === undefined ? [] : [`  sweep      ${sweep.over}: ${sweep.values.join(', ')}`]),
    `  server     ${server.servers} × --log ${server.log} ${server.options.join(' ')}`.trimEnd(),
    `  KPIs       ${JSON.stringify(kpis)}`,
  ].join('\n');
}

function shapeInWords(stage: Stage): string {
  switch (stage.shape) {
    case 'hold':
      return `${stage.perSecond}/s for ${span(stage.seconds)}`;
    case 'ramp':
      return `${stage.fromPerSecond}/s to ${stage.toPerSecond}/s in ${span(stage.seconds)}`;
    case 'burst':
      return stage.withinSeconds === 0
        ? `${stage.requests.toLocaleString('en')} at once`
        : `${stage.requests.toLocaleString('en')} within ${span(stage.withinSeconds)}`;
    default:
      return stage satisfies never;
  }
}

/** Of stages and ladder, with every value of a sweep; starting, preloading and stopping come on top. */
function lengthOf({ stages, ladder, sweep }: Scenario): string {
  const rounds = sweep?.values.length ?? 1;
  const once = stages.reduce((sum, stage) => sum + secondsOf(stage), 0);
  if (ladder === undefined) return span(once * rounds);
  return `up to ${span((once + (ladder.stepsMax + ladder.refinements + 1) * ladder.secondsEach) * rounds)}`;
}
