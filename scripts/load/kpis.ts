/**
 * The key performance indicators of a run: the seven of the test plan, in its order, and those that its
 * scenario adds. Each is judged from what was measured, against the limit that the scenario file sets; one
 * without a limit, or without a measurement, is not judged, and says why. No limit may be moved to fit.
 */
import { docketAndPostgres } from './resource-sums.ts';
import type { Kpi, Quantiles, RecoveryAnalysis, ResourceRow } from './result.ts';
import type { KpiLimits } from './scenario.ts';

/** What the KPIs are judged by: figures of the stages that count, see `judgedStages` in run-figures.ts. */
export interface KpiFacts {
  readonly latency: Quantiles;
  readonly ticketsOpened: number;
  readonly ticketsPerSecond: number;
  /** From the first request that was due to the last answer. */
  readonly tookSeconds: number;
  readonly due: number;
  readonly sent: number;
  readonly succeeded: number;
  /** Share of what was due that may end otherwise, by the scenario's objective. */
  readonly errorShareMax: number;
  readonly throttled: number;
  /** Answers per second that were let in. */
  readonly admittedPerSecond: number;
  /** 429 and 503 that did not say when to come back. */
  readonly retryAfterMissing: number;
  readonly resources: readonly ResourceRow[];
  readonly memoryAllocation: number;
  readonly memoryAllocationOf: string;
  /** p99 of the database's statements over the time; undefined where no exporter tells it. */
  readonly databaseP99Seconds: number | undefined;
  /** All rows of the run, for the uptime. */
  readonly probes: readonly ResourceRow[];
  /** Requests that read from PostgreSQL, or whose events became rows in it. */
  readonly database: DatabaseFacts;
  readonly recovery: RecoveryAnalysis | undefined;
}

export interface DatabaseFacts {
  readonly operations: number;
  /** Whether the read models hold every event of the log, as counted in them; undefined: not counted. */
  readonly allVisible: boolean | undefined;
  /** What was counted, in words. */
  readonly counted: string;
}

const noLimit = 'the scenario sets no limit';

/** In the order in which they are shown. */
export function kpisOf(limits: KpiLimits, facts: KpiFacts): readonly Kpi[] {
  return [
    responseKpi(limits, facts),
    ticketsKpi(limits, facts),
    cpuKpi(limits, facts),
    memoryKpi(limits, facts),
    modelKpi(limits),
    databaseKpi(limits, facts),
    uptimeKpi(limits, facts),
    succeededKpi(facts),
    ...ticketsWithinKpi(limits, facts),
    ...databaseOperationsKpi(limits, facts),
    ...throttlingKpis(limits, facts),
    ...recoveryKpi(limits, facts),
  ];
}

interface Judged {
  readonly name: string;
  /** Undefined where the scenario sets none. */
  readonly limit: string | undefined;
  /** Undefined where nothing was measured; then `note` says why. */
  readonly measured: string | undefined;
  readonly met: boolean;
  readonly note?: string | undefined;
}

function kpi({ name, limit, measured, met, note }: Judged): Kpi {
  const notJudged = limit === undefined || measured === undefined;
  return {
    name,
    limit: limit ?? 'none',
    measured: measured ?? 'not measured',
    verdict: notJudged ? 'not_judged' : met ? 'met' : 'missed',
    note: limit === undefined ? [noLimit, note].filter(Boolean).join('; ') : note,
  };
}

function responseKpi({ responseSecondsMax }: KpiLimits, { latency }: KpiFacts): Kpi {
  const none = latency.count === 0;
  return kpi({
    name: 'response',
    limit: responseSecondsMax === undefined ? undefined : `p99 ≤ ${responseSecondsMax} s`,
    measured: none ? undefined : `p99 ${ms(latency.p99Ms)}`,
    met: latency.p99Ms <= (responseSecondsMax ?? 0) * 1_000,
    note: none
      ? 'no request was answered'
      : `from when a request was due; p50 ${ms(latency.p50Ms)}, slowest ${ms(latency.maxMs)}`,
  });
}

function ticketsKpi({ ticketsPerSecondMin }: KpiLimits, { ticketsPerSecond, ticketsOpened }: KpiFacts): Kpi {
  return kpi({
    name: 'tickets',
    limit: ticketsPerSecondMin === undefined ? undefined : `≥ ${ticketsPerSecondMin}/s`,
    measured: `${ticketsPerSecond.toFixed(1)}/s`,
    met: ticketsPerSecond >= (ticketsPerSecondMin ?? 0),
    note: `${ticketsOpened.toLocaleString('en')} opened`,
  });
}

function cpuKpi({ cpuShareMax }: KpiLimits, { resources }: KpiFacts): Kpi {
  const shares = resources.flatMap(({ cpu }) => docketAndPostgres(cpu) ?? []);
  const generator = mean(resources.map(({ cpu }) => cpu.generator));
  const measured = shares.length > 0;
  return kpi({
    name: 'CPU',
    limit: cpuShareMax === undefined ? undefined : `≤ ${percent(cpuShareMax)} of all cores`,
    measured: measured ? percent(mean(shares)) : undefined,
    met: mean(shares) <= (cpuShareMax ?? 0),
    note: measured
      ? `${processesIn(resources)} on average; busiest second ${percent(Math.max(...shares))};` +
        ` the generator used ${percent(generator)} beside them`
      : 'the processes of the server are not known here, or the stage was shorter than a second',
  });
}

function memoryKpi({ memoryShareMax }: KpiLimits, facts: KpiFacts): Kpi {
  const { resources, memoryAllocation, memoryAllocationOf } = facts;
  const sums = resources.flatMap(({ memory }) => docketAndPostgres(memory) ?? []);
  const bytes = Math.max(0, ...sums);
  const share = bytes / memoryAllocation;
  const measured = sums.length > 0;
  return kpi({
    name: 'memory',
    limit: memoryShareMax === undefined ? undefined : `≤ ${percent(memoryShareMax)} of the allocation`,
    measured: measured ? `${percent(share)}, ${mebibytes(bytes)}` : undefined,
    met: share <= (memoryShareMax ?? 0),
    note: measured
      ? `the most of ${processesIn(resources)} together; the allocation is ${memoryAllocationOf},` +
        ` ${mebibytes(memoryAllocation)}`
      : 'the processes of the server are not known here, or the stage was shorter than a second',
  });
}

/** An external PostgreSQL's processes are nobody's to look at. */
function processesIn(resources: readonly ResourceRow[]): string {
  const knowsPostgres = resources.some(({ cpu }) => cpu.postgres !== undefined);
  return knowsPostgres ? 'server, projector and PostgreSQL' : 'server and projector without PostgreSQL';
}

function modelKpi({ modelSecondsMax }: KpiLimits): Kpi {
  return kpi({
    name: 'model',
    limit: modelSecondsMax === undefined ? undefined : `p99 ≤ ${modelSecondsMax} s`,
    measured: undefined,
    met: false,
    note: 'there is no classifier yet',
  });
}

function databaseKpi({ databaseSecondsMax }: KpiLimits, { databaseP99Seconds }: KpiFacts): Kpi {
  return kpi({
    name: 'database',
    limit: databaseSecondsMax === undefined ? undefined : `p99 ≤ ${databaseSecondsMax} s`,
    measured: databaseP99Seconds === undefined ? undefined : `p99 ${ms(databaseP99Seconds * 1_000)}`,
    met: (databaseP99Seconds ?? Number.POSITIVE_INFINITY) <= (databaseSecondsMax ?? 0),
    note:
      databaseP99Seconds === undefined
        ? 'no statement of the server was counted by its exporter'
        : "statements of the server's pool, commits among them, linear within a bucket",
  });
}

function uptimeKpi({ uptimeShareMin }: KpiLimits, { probes }: KpiFacts): Kpi {
  const up = probes.filter((row) => row.up).length;
  const share = up / probes.length;
  return kpi({
    name: 'uptime',
    limit: uptimeShareMin === undefined ? undefined : `≥ ${percent(uptimeShareMin)}`,
    measured: probes.length === 0 ? undefined : percent(share),
    met: share >= (uptimeShareMin ?? 1),
    note: `${up} of ${probes.length} probes of /readyz, one a second, answered within a second`,
  });
}

/** Whatever is refused or lost is fast: without this, a server that does nothing would be the best. */
function succeededKpi({ due, succeeded, errorShareMax }: KpiFacts): Kpi {
  const share = due === 0 ? 0 : succeeded / due;
  return kpi({
    name: 'succeeded',
    limit: errorShareMax >= 1 ? undefined : `≥ ${percent(1 - errorShareMax)} of requests`,
    measured: due === 0 ? undefined : percent(share),
    met: share >= 1 - errorShareMax,
    note: `${succeeded.toLocaleString('en')} of ${due.toLocaleString('en')} that were due`,
  });
}

function ticketsWithinKpi({ ticketsWithin }: KpiLimits, { ticketsOpened, tookSeconds }: KpiFacts): Kpi[] {
  if (ticketsWithin === undefined) return [];
  const { tickets, seconds } = ticketsWithin;
  return [
    kpi({
      name: 'tickets in time',
      limit: `${tickets.toLocaleString('en')} within ${seconds} s`,
      measured: `${ticketsOpened.toLocaleString('en')} in ${tookSeconds.toFixed(1)} s`,
      met: ticketsOpened >= tickets && tookSeconds <= seconds,
      note: 'from when the first request was due until the last answer was in',
    }),
  ];
}

function databaseOperationsKpi({ databaseOperationsMin }: KpiLimits, { database }: KpiFacts): Kpi[] {
  if (databaseOperationsMin === undefined) return [];
  const { operations, allVisible, counted } = database;
  const asked = databaseOperationsMin.toLocaleString('en');
  return [
    kpi({
      name: 'database operations',
      limit: `≥ ${asked} reads and writes, every event visible in PostgreSQL`,
      measured: allVisible === undefined ? undefined : operations.toLocaleString('en'),
      met: operations >= databaseOperationsMin && allVisible === true,
      note: counted,
    }),
  ];
}

function throttlingKpis({ throttling }: KpiLimits, facts: KpiFacts): Kpi[] {
  if (throttling === undefined) return [];
  const { refusedShareMin, allowedPerSecond, allowedWithinShare } = throttling;
  const { throttled, sent, retryAfterMissing, admittedPerSecond } = facts;
  const refused = sent === 0 ? 0 : throttled / sent;
  const off = Math.abs(admittedPerSecond - allowedPerSecond) / allowedPerSecond;
  return [
    kpi({
      name: 'throttled',
      limit: `≥ ${percent(refusedShareMin)} of requests answered 429`,
      measured: percent(refused),
      met: refused >= refusedShareMin,
      note: `${throttled.toLocaleString('en')} of ${sent.toLocaleString('en')}`,
    }),
    kpi({
      name: 'Retry-After',
      limit: 'on every 429 and 503',
      measured: retryAfterMissing === 0 ? 'on all' : `missing on ${retryAfterMissing.toLocaleString('en')}`,
      met: retryAfterMissing === 0,
    }),
    kpi({
      name: 'let in',
      limit: `${allowedPerSecond}/s ± ${percent(allowedWithinShare)}`,
      measured: `${admittedPerSecond.toFixed(1)}/s`,
      met: off <= allowedWithinShare,
      note: 'answers with success per second',
    }),
  ];
}

function recoveryKpi({ recoverySecondsMax }: KpiLimits, { recovery }: KpiFacts): Kpi[] {
  if (recoverySecondsMax === undefined) return [];
  const seconds = recovery?.seconds;
  return [
    kpi({
      name: 'recovery',
      limit: `within ${recoverySecondsMax} s of the end of the surge`,
      measured:
        recovery === undefined ? undefined : seconds === undefined ? 'not seen' : `${seconds.toFixed(1)} s`,
      met: seconds !== undefined && seconds <= recoverySecondsMax,
      note:
        recovery === undefined
          ? 'there was no surge with a time before and after it'
          : 'until p99 and lag are in the band from before for eight seconds of ten',
    }),
  ];
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}

function percent(share: number): string {
  return `${Number((100 * share).toFixed(2))} %`;
}

function ms(value: number): string {
  return value >= 1_000 ? `${(value / 1_000).toFixed(2)} s` : `${value.toFixed(1)} ms`;
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20).toLocaleString('en')} MiB`;
}
