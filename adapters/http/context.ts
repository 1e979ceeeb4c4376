/** What the routes share: the engine and its log, the read models, and what the server knows of itself. */
import type { Access } from '../../domain/access/guard.ts';
import type { Authenticator } from '../../domain/access/principal.ts';
import type { ThroughputWindow } from '../../domain/metrics/throughput.ts';
import type { CommandSink, EventReader, TicketReader } from '../../domain/ports.ts';
import type { EpochMs } from '../../domain/ticket/values.ts';
import type { Workflows } from '../../domain/workflow/registry.ts';
import type { RateLimits } from './admission/rate-limits.ts';
import type { ReportFailure } from './failures.ts';
import type { HttpLimits } from './limits.ts';

export const throughputBreakdowns = ['workflow', 'type', 'state'] as const;
export type ThroughputBreakdown = (typeof throughputBreakdowns)[number];

export interface ThroughputQuestion {
  /** Windows that begin at or after `from` and before `to`. */
  readonly from: EpochMs | undefined;
  readonly to: EpochMs | undefined;
  /** Most rows. */
  readonly limit: number;
  /** What to count apart. */
  readonly by: readonly ThroughputBreakdown[];
}

export interface ThroughputAnswer {
  readonly asOf: { readonly position: number; readonly recordedAt: EpochMs | undefined };
  /** Newest window first; none for windows in which nothing was committed. */
  readonly rows: readonly {
    readonly windowStart: EpochMs;
    readonly transitions: number;
    readonly workflow?: string;
    readonly type?: string;
    readonly state?: string;
  }[];
}

/**
 * Committed transitions per window, from wherever they are counted. Throws `Fault` where that is out of
 * reach.
 */
export type ThroughputReader = (
  window: ThroughputWindow,
  question: ThroughputQuestion,
) => Promise<ThroughputAnswer>;

/** Says why something that the server needs can not be used at present; `undefined` where it can. */
export type ReadinessCheck = () => Promise<string | undefined>;

export interface HttpContext {
  /** Docket's own version, for the OpenAPI document. */
  readonly version: string;
  readonly authenticator: Authenticator;
  readonly access: Access;
  readonly sink: CommandSink;
  readonly tickets: TicketReader;
  readonly reader: EventReader;
  readonly workflows: Workflows;
  /** The workflow of tickets that name none. */
  readonly defaultWorkflow: string;
  readonly throughput: ThroughputReader;
  /** By the name of what is checked. */
  readonly readiness: Readonly<Record<string, ReadinessCheck>>;
  readonly limits: HttpLimits;
  /** For routes that carry more than one unit of work in a request. */
  readonly rates: RateLimits;
  /** Whether the server was told to stop. */
  readonly stopping: () => boolean;
  /** Aborted when the server begins to close: for answers that would never end by themselves. */
  readonly closing: AbortSignal;
  /** Gets every fault and bug that was answered with a status of 500 or more, `overloaded` left out. */
  readonly report: ReportFailure;
}
