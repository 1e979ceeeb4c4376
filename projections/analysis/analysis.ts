/**
 * What an analysis is: every figure of a report as a plain value, for a screen, a page or another program.
 * Figures carry their definition with them, so that a report explains itself. Nothing here asks a database
 * or knows how a figure is shown.
 *
 * Durations are milliseconds, shares are from 0 to 1, days are days of UTC as YYYY-MM-DD, and '' stands for
 * no group, no priority or no category. What does not exist is null, never 0.
 */
import type { EpochMs } from '../../domain/ticket/values.ts';

/** Which tickets and when. Days are days of UTC, both included; '' asks for tickets without such a value. */
export interface AnalysisFilter {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly group?: string | undefined;
  readonly priority?: string | undefined;
  readonly category?: string | undefined;
  /** As name@version. */
  readonly workflow?: string | undefined;
}

export interface AnalysisPeriod {
  readonly firstDay: string;
  readonly lastDay: string;
  /** Days on which the tickets of the filter were first opened and last changed; null without any ticket. */
  readonly known: { readonly firstDay: string; readonly lastDay: string } | null;
  /** Whether it was shortened, because what is known is longer than one report may be. */
  readonly cut: boolean;
}

/** As of which position a read model speaks; summed over the partitions of the log. */
export interface ReadModelAsOf {
  readonly projection: string;
  readonly position: number;
  /** Everything committed until then is in the figures; null while a partition has nothing. */
  readonly recordedAt: EpochMs | null;
  /** Tickets that were left behind, whose figures stand still. */
  readonly parked: number;
}

export interface Count {
  readonly name: string;
  readonly label: string;
  readonly meaning: string;
  readonly value: number;
}

/** `part` of `of`; the share is null where `of` is 0. */
export interface Share {
  readonly name: string;
  readonly label: string;
  readonly meaning: string;
  readonly part: number;
  readonly of: number;
  readonly share: number | null;
}

/** Percentiles are interpolated between raw durations. */
export interface Distribution {
  /** Tickets, or stays, that have such a duration. */
  readonly count: number;
  readonly p50: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
  readonly mean: number;
}

export interface DurationFigure {
  readonly name: string;
  readonly label: string;
  readonly meaning: string;
  /** Of which tickets: those opened in the period, or those first resolved in it. */
  readonly population: 'opened' | 'resolved';
  readonly calendar: Distribution | null;
  readonly business: Distribution | null;
}

export interface DayFigures {
  readonly day: string;
  readonly opened: number;
  readonly resolved: number;
  readonly closed: number;
  readonly reopened: number;
  /** Unresolved tickets at the day's end. */
  readonly backlog: number;
}

/** Tickets whose duration is at least `fromMs` and below `belowMs`; null for no upper bound. */
export interface HistogramBin {
  readonly label: string;
  readonly fromMs: number;
  readonly belowMs: number | null;
  readonly tickets: number;
}

export interface SlaRow {
  readonly metric: string;
  readonly policy: string;
  readonly policyVersion: string;
  /** When the policy was applied; '' for none. */
  readonly priority: string;
  readonly clocks: number;
  readonly fulfilledInTime: number;
  readonly breached: number;
  readonly attainment: number | null;
}

export interface AgeBucketFigure {
  readonly bucket: string;
  readonly tickets: number;
  readonly unassigned: number;
}

/** The first rows of a longer list, and how many rows there are. */
export interface Top<Row> {
  readonly rows: readonly Row[];
  readonly total: number;
}

export const breakdownDimensions = ['group', 'priority', 'category'] as const;
export type BreakdownDimension = (typeof breakdownDimensions)[number];

export interface BreakdownRow {
  /** '' for none. */
  readonly value: string;
  readonly opened: number;
  readonly resolved: number;
  readonly reopened: number;
  readonly unresolvedNow: number;
  /** Of full resolution, of those that were resolved in the period; null where there is none. */
  readonly p50: number | null;
  readonly p90: number | null;
}

export interface Breakdown extends Top<BreakdownRow> {
  readonly dimension: BreakdownDimension;
}

export interface Move {
  readonly workflow: string;
  readonly from: string;
  readonly to: string;
  readonly moves: number;
  /** Part of all moves out of `from` in the same workflow. */
  readonly share: number;
  readonly meanMs: number;
  readonly meanBusinessMs: number;
}

export interface Variant {
  readonly workflow: string;
  /** The statuses in order, as new>open>resolved. */
  readonly path: string;
  readonly tickets: number;
  /** Part of the tickets of the workflow; the second one with all more frequent ways. */
  readonly share: number;
  readonly cumulativeShare: number;
  readonly medianMs: number | null;
}

export interface Sojourn extends Distribution {
  readonly workflow: string;
  readonly status: string;
  readonly category: string;
  readonly meanBusiness: number;
}

export interface Handover {
  readonly dimension: 'assignee' | 'group';
  readonly from: string;
  readonly to: string;
  readonly handovers: number;
  readonly returns: number;
  readonly meanMs: number;
}

export interface PingPongPair {
  readonly dimension: 'assignee' | 'group';
  readonly one: string;
  readonly other: string;
  readonly handovers: number;
  readonly returns: number;
}

export interface ProcessFigures {
  readonly moves: Top<Move>;
  readonly variants: Top<Variant>;
  readonly sojourns: Top<Sojourn>;
  readonly handovers: Top<Handover>;
  readonly pingPong: Top<PingPongPair>;
}

/** What the source of imported tickets says of one figure, beside what its own log shows. */
export interface ClaimedCount {
  readonly name: string;
  readonly label: string;
  readonly meaning: string;
  readonly tickets: number;
  readonly claimed: number;
  readonly rebuilt: number;
  readonly equal: number;
  readonly claimedMore: number;
  readonly rebuiltMore: number;
}

export interface ClaimedSla {
  readonly madeSla: boolean;
  readonly tickets: number;
  readonly p50: number | null;
  readonly p90: number | null;
}

export interface SourceClaims {
  readonly counts: readonly ClaimedCount[];
  readonly madeSla: readonly ClaimedSla[];
}

export interface Analysis {
  /** Of this shape; it grows when a name changes its meaning or goes away. */
  readonly version: 1;
  readonly filter: AnalysisFilter;
  readonly period: AnalysisPeriod;
  /** When the database was asked; ages and running clocks are as of then. */
  readonly askedAt: EpochMs;
  readonly asOf: readonly ReadModelAsOf[];
  /** Nothing was opened, resolved, closed or reopened in the period, and nothing was unresolved. */
  readonly empty: boolean;
  readonly flow: readonly Count[];
  readonly days: readonly DayFigures[];
  readonly durations: readonly DurationFigure[];
  readonly resolutionHistogram: readonly HistogramBin[];
  readonly quality: readonly Share[];
  readonly stations: readonly Count[];
  /** Null where nothing was rated. */
  readonly satisfaction: readonly Share[] | null;
  /** Empty where there were no clocks. */
  readonly sla: Top<SlaRow>;
  readonly ageing: readonly AgeBucketFigure[];
  readonly breakdowns: readonly Breakdown[];
  readonly process: ProcessFigures;
  /** Null where no ticket carries claims of its source. */
  readonly sourceClaims: SourceClaims | null;
}
