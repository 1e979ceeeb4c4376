/**
 * Reads a result.json back to the result that was written. JSON leaves out what is undefined and has no word
 * for a number that is none; here both come back, so that a report from the file is the same as the one that
 * the run made. It must never guess: a file that lacks something else is refused, and the field named.
 */
import { z } from 'zod';
import { Fault } from '../../../domain/errors.ts';
import type { LoadResult } from '../result.ts';
import { scenarioSchema } from '../scenario.ts';

/** A file with more mistakes than this is no result at all. */
const mistakesShownMax = 10;

const figure = z
  .number()
  .nullable()
  .transform((value) => value ?? Number.NaN);
/** A default is what lets a key be left out and be there again. */
const maybe = <Inner extends z.ZodType>(inner: Inner) =>
  z
    .union([inner, z.null()])
    .default(null)
    .transform((value) => value ?? undefined);
const maybeFigure = maybe(z.number());
const maybeText = maybe(z.string());

const quantiles = {
  count: figure,
  meanMs: figure,
  p50Ms: figure,
  p75Ms: figure,
  p90Ms: figure,
  p99Ms: figure,
  p999Ms: figure,
  maxMs: figure,
};

const endingCounts = z.object({
  succeeded: figure,
  throttled: figure,
  overloaded: figure,
  refused: figure,
  failed: figure,
  reset: figure,
  timed_out: figure,
  not_connected: figure,
});

const second = z.object({
  second: figure,
  stage: figure,
  due: figure,
  sent: figure,
  endings: endingCounts,
  events: figure,
  ticketsOpened: figure,
  p50Ms: figure,
  p90Ms: figure,
  p99Ms: figure,
  maxMs: figure,
  sendDelayP99Ms: figure,
});

const processes = { server: maybeFigure, projector: maybeFigure, postgres: maybeFigure, generator: figure };

const resource = z.object({
  second: figure,
  cpu: z.object({ ...processes, machine: figure }),
  memory: z.object(processes),
  heapAfterMajorGcBytes: maybeFigure,
  majorCollections: maybeFigure,
  eventLoopDelayP99Ms: maybeFigure,
  openFiles: maybeFigure,
  databaseConnections: maybeFigure,
  databaseP99Ms: maybeFigure,
  lagEvents: maybeFigure,
  lagSeconds: maybeFigure,
  position: maybeFigure,
  up: z.boolean(),
});

const stage = z.object({
  index: figure,
  name: z.string(),
  role: z.enum(['warm', 'before', 'measured', 'step', 'surge', 'after']),
  users: figure,
  sweep: maybeText,
  fromSecond: figure,
  toSecond: figure,
  offeredPerSecond: figure,
  achievedPerSecond: figure,
  transitionsPerSecond: figure,
  ticketsPerSecond: figure,
  latency: z.object(quantiles),
  sendDelay: z.object(quantiles),
  endings: endingCounts,
  notSent: figure,
  validity: z.object({ valid: z.boolean(), reasons: z.array(z.string()), generatorCpuShare: figure }),
});

const analyses = z.object({
  capacity: maybe(
    z.object({ perSecond: maybeFigure, step: maybeText, limit: z.string(), atLeast: z.boolean() }),
  ),
  knee: maybe(
    z.object({ found: z.boolean(), offeredPerSecond: maybeFigure, achievedPerSecond: maybeFigure }),
  ),
  usl: maybe(
    z.object({
      lambda: figure,
      sigma: figure,
      kappa: figure,
      rSquared: figure,
      peakConcurrency: maybeFigure,
      peakPerSecond: maybeFigure,
      points: z.array(z.object({ concurrency: figure, perSecond: figure })),
    }),
  ),
  recovery: maybe(
    z.object({
      seconds: maybeFigure,
      drainSeconds: maybeFigure,
      band: z.object({ p99MsMax: figure, lagEventsMax: maybeFigure }),
    }),
  ),
  leaks: z.array(
    z.object({
      series: z.string(),
      samples: figure,
      verdict: z.enum(['flat', 'leaking', 'too_few_samples']),
      slopePerHour: figure,
      lowPerHour: figure,
      highPerHour: figure,
    }),
  ),
  bottleneck: z.object({
    where: z.enum(['api', 'database', 'projector', 'generator', 'none']),
    evidence: z.array(z.string()),
  }),
});

const secondMethod = z.object({
  tool: maybeText,
  connections: figure,
  runs: z.array(
    z.object({
      when: z.string(),
      fromSecond: figure,
      seconds: figure,
      perSecond: figure,
      countedInLog: figure,
      failed: figure,
    }),
  ),
  perSecond: maybeFigure,
  spreadShare: maybeFigure,
  verdict: z.enum(['met', 'missed', 'not_judged']),
  words: z.string(),
});

const resultSchema: z.ZodType<LoadResult> = z.object({
  schema: z.literal('docket-load/1'),
  scenario: scenarioSchema,
  startedAt: z.iso.datetime(),
  finishedAt: z.iso.datetime(),
  changed: maybeText,
  verdict: z.enum(['passed', 'failed', 'invalid', 'not_run']),
  why: z.string(),
  stages: z.array(stage),
  seconds: z.array(second),
  resources: z.array(resource),
  validity: z.object({
    valid: z.boolean(),
    reasons: z.array(z.string()),
    sendDelay: z.object(quantiles),
    generatorCpuShare: figure,
  }),
  conditions: z.record(z.string(), z.string()),
  memoryAllocation: figure,
  cores: figure,
  latency: z.object({ ...quantiles, histogram: z.string() }),
  latencyByAction: z.record(z.string(), z.object(quantiles)),
  quantileChart: z.array(z.object({ quantile: figure, ms: figure })),
  counting: z.object({
    logBefore: figure,
    logAfter: figure,
    acknowledged: figure,
    unexplained: figure,
    equal: z.boolean(),
    logPerSecond: figure,
  }),
  kpis: z.array(
    z.object({
      name: z.string(),
      limit: z.string(),
      measured: z.string(),
      verdict: z.enum(['met', 'missed', 'not_judged']),
      note: maybeText,
    }),
  ),
  analyses,
  secondMethod: maybe(secondMethod),
  summary: z.array(z.string()),
});

/** The result in the text of the file of this name. Throws `Fault('input_unreadable')`. */
export function resultFromText(text: string, file: string): LoadResult {
  const read = resultSchema.safeParse(jsonOf(text, file));
  if (read.success) return read.data;
  const mistakes = read.error.issues.map(
    ({ path, message }) => `${path.join('.') || 'the file'}: ${message}`,
  );
  const shown = mistakes.slice(0, mistakesShownMax).join('; ');
  const more = mistakes.length > mistakesShownMax ? `; and ${mistakes.length - mistakesShownMax} more` : '';
  throw new Fault('input_unreadable', `${file} is no result of a load test: ${shown}${more}`, {
    cause: read.error,
  });
}

function jsonOf(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Fault('input_unreadable', `${file} is no JSON: ${String(cause)}`, { cause });
  }
}
