/**
 * What a load test leaves behind, as the runner writes it to JSON and the report shows it. Every share is
 * between 0 and 1, every time in the unit that its name ends with. Latency is always that from the intended
 * start: when the request was due, not when it could be sent.
 * It must hold what was measured, so that every verdict can be reached again from it.
 */
import type { Scenario, Stage } from './scenario.ts';

/** Of one set of latencies. All zero where there were none. */
export interface Quantiles {
  readonly count: number;
  readonly meanMs: number;
  readonly p50Ms: number;
  readonly p75Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
}

/** How a request ended: `throttled` is 429, `overloaded` 503, `refused` another 4xx, `failed` another 5xx. */
export const endings = [
  'succeeded',
  'throttled',
  'overloaded',
  'refused',
  'failed',
  'reset',
  'timed_out',
  'not_connected',
] as const;
export type Ending = (typeof endings)[number];
export type EndingCounts = Readonly<Record<Ending, number>>;

/** What the generator counted in one second of the run; requests belong to the second they were due in. */
export interface SecondRow {
  /** Seconds since the run began. */
  readonly second: number;
  readonly stage: number;
  readonly due: number;
  readonly sent: number;
  readonly endings: EndingCounts;
  /** Events that the answers of these requests acknowledged. */
  readonly events: number;
  readonly ticketsOpened: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly sendDelayP99Ms: number;
}

/** What the machine and the server were doing at an instant; undefined where it could not be learned. */
/** Undefined where the processes are not known, or not on this machine. */
export interface ByProcess {
  readonly server: number | undefined;
  readonly projector: number | undefined;
  readonly postgres: number | undefined;
  readonly generator: number;
}

export interface ResourceRow {
  readonly second: number;
  /** Shares of all cores of the machine, since the row before. */
  readonly cpu: ByProcess & { readonly machine: number };
  /** Resident bytes (of PostgreSQL: proportional, so that shared buffers count once). */
  readonly memory: ByProcess;
  readonly heapAfterMajorGcBytes: number | undefined;
  readonly majorCollections: number | undefined;
  readonly eventLoopDelayP99Ms: number | undefined;
  readonly openFiles: number | undefined;
  readonly databaseConnections: number | undefined;
  /** p99 of the database's statements since the row before. */
  readonly databaseP99Ms: number | undefined;
  readonly lagEvents: number | undefined;
  readonly lagSeconds: number | undefined;
  /** The log's head. */
  readonly position: number | undefined;
  /** Whether the probe of the server's health was answered in time. */
  readonly up: boolean;
}

export interface StageResult {
  readonly index: number;
  readonly name: string;
  readonly role: Stage['role'];
  readonly users: number;
  /** What a sweep changed of the servers, such as 'servers 2'; undefined without one. */
  readonly sweep: string | undefined;
  readonly fromSecond: number;
  readonly toSecond: number;
  /** Per second, over the stage without its warm-up. */
  readonly offeredPerSecond: number;
  readonly achievedPerSecond: number;
  readonly transitionsPerSecond: number;
  readonly ticketsPerSecond: number;
  readonly latency: Quantiles;
  readonly sendDelay: Quantiles;
  readonly endings: EndingCounts;
  /** Requests due that no connection was free for when the stage ended. */
  readonly notSent: number;
  /** Of this stage alone: a late generator in one must not spoil the others. */
  readonly validity: Pick<Validity, 'valid' | 'reasons' | 'generatorCpuShare'>;
}

export interface Kpi {
  readonly name: string;
  /** What was asked, and what was measured, in words with units. */
  readonly limit: string;
  readonly measured: string;
  readonly verdict: 'met' | 'missed' | 'not_judged';
  /** Why it was not judged, or what a reader must know. */
  readonly note: string | undefined;
}

/** What another tool got out of the same servers in a closed loop, around and between a ladder's steps. */
export interface SecondMethod {
  /** 'wrk' or 'ab'; undefined where it was not asked. */
  readonly tool: string | undefined;
  readonly connections: number;
  readonly runs: readonly ClosedLoopRun[];
  /** The median of the runs; undefined without any. */
  readonly perSecond: number | undefined;
  /** Fastest less slowest run, as a share of the median: how steady the machine was. */
  readonly spreadShare: number | undefined;
  /** Whether the ladder's capacity agrees with it; `not_judged` where nothing can be said. */
  readonly verdict: Kpi['verdict'];
  /** The same in words, with figures. */
  readonly words: string;
}

export interface ClosedLoopRun {
  /** Such as 'before the ladder'. */
  readonly when: string;
  /** Since the run began, its warm-up left out. */
  readonly fromSecond: number;
  readonly seconds: number;
  /** Requests that succeeded, by the tool's own count and clock. */
  readonly perSecond: number;
  /** Events by which the log's head moved meanwhile, per second of the tool's clock. */
  readonly countedInLog: number;
  readonly failed: number;
}

/** Whether the figures can be believed at all; what made the run invalid comes in words. */
export interface Validity {
  readonly valid: boolean;
  readonly reasons: readonly string[];
  readonly sendDelay: Quantiles;
  /** Of one core, for the busiest worker of the generator. */
  readonly generatorCpuShare: number;
}

/** The answers against the log itself. */
export interface Counting {
  /** Events in the log when the first request was due and when the last answer was in. */
  readonly logBefore: number;
  readonly logAfter: number;
  /** What the answers acknowledged, preparations included. */
  readonly acknowledged: number;
  /** Events in the log of which no answer told: of requests that were reset or timed out, and timers. */
  readonly unexplained: number;
  readonly equal: boolean;
  /** Committed transitions per second in the log, by the log's own times, over the measured stages. */
  readonly logPerSecond: number;
}

export interface CapacityAnalysis {
  /** The highest step that kept the objective; undefined where not even the first did. */
  readonly perSecond: number | undefined;
  readonly step: string | undefined;
  /** Why the next one did not. */
  readonly limit: string;
  /** Whether the limit lies beyond: no step missed the objective, or the generator was late at the next. */
  readonly atLeast: boolean;
}

export interface KneeAnalysis {
  readonly found: boolean;
  readonly offeredPerSecond: number | undefined;
  readonly achievedPerSecond: number | undefined;
}

/** Gunther's Universal Scalability Law, X(N) = λN / (1 + σ(N − 1) + κN(N − 1)), N from Little's law. */
export interface UslAnalysis {
  readonly lambda: number;
  readonly sigma: number;
  readonly kappa: number;
  /** Coefficient of determination of the fit. */
  readonly rSquared: number;
  readonly peakConcurrency: number | undefined;
  readonly peakPerSecond: number | undefined;
  readonly points: readonly { readonly concurrency: number; readonly perSecond: number }[];
}

export interface RecoveryAnalysis {
  /** From the end of the surge until p99 and lag stay in the band; undefined where they did not. */
  readonly seconds: number | undefined;
  /** Until the read models had caught up. */
  readonly drainSeconds: number | undefined;
  /** The lag is undefined where it was not measured; recovery is then of latency alone. */
  readonly band: { readonly p99MsMax: number; readonly lagEventsMax: number | undefined };
}

export interface LeakAnalysis {
  readonly series: string;
  readonly samples: number;
  readonly verdict: 'flat' | 'leaking' | 'too_few_samples';
  /** Theil–Sen slope with its 95 % confidence interval, bytes (or pieces) per hour. */
  readonly slopePerHour: number;
  readonly lowPerHour: number;
  readonly highPerHour: number;
}

export interface BottleneckAnalysis {
  readonly where: 'api' | 'database' | 'projector' | 'generator' | 'none';
  /** The measurements that say so. */
  readonly evidence: readonly string[];
}

export interface Analyses {
  readonly capacity: CapacityAnalysis | undefined;
  readonly knee: KneeAnalysis | undefined;
  readonly usl: UslAnalysis | undefined;
  readonly recovery: RecoveryAnalysis | undefined;
  readonly leaks: readonly LeakAnalysis[];
  readonly bottleneck: BottleneckAnalysis;
}

/** What a run must have measured before it can be analysed. */
export interface Measured {
  readonly scenario: Scenario;
  readonly stages: readonly StageResult[];
  readonly seconds: readonly SecondRow[];
  readonly resources: readonly ResourceRow[];
  readonly validity: Validity;
  readonly conditions: Readonly<Record<string, string>>;
  /** Bytes that Docket and its database may use. */
  readonly memoryAllocation: number;
  readonly cores: number;
}

export interface LoadResult extends Measured {
  readonly schema: 'docket-load/1';
  readonly startedAt: string;
  readonly finishedAt: string;
  /** How the run differs from its scenario file, such as a shorter duration; undefined where it does not. */
  readonly changed: string | undefined;
  readonly verdict: 'passed' | 'failed' | 'invalid' | 'not_run';
  readonly why: string;
  /** Over the measured stages; the encoded histogram (V2, base64, microseconds) can be merged again. */
  readonly latency: Quantiles & { readonly histogram: string };
  /** By what was asked for. */
  readonly latencyByAction: Readonly<Record<string, Quantiles>>;
  /** For the quantile chart: shares from 0 to 0.99999…, with their latency. */
  readonly quantileChart: readonly { readonly quantile: number; readonly ms: number }[];
  readonly counting: Counting;
  readonly kpis: readonly Kpi[];
  readonly analyses: Analyses;
  /** Undefined where nobody asked for it. */
  readonly secondMethod: SecondMethod | undefined;
  /** What to do next to get more out of it, the most useful first. */
  readonly summary: readonly string[];
}
