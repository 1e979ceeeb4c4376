/** What the routes share: the engine and its log, the read models, and what the server knows of itself. */
import type { AccessOffice } from '../../domain/access/administration-port.ts';
import type { Access } from '../../domain/access/guard.ts';
import type { Authenticator } from '../../domain/access/principal.ts';
import type { ThroughputWindow } from '../../domain/metrics/throughput.ts';
import type { CommandSink, EventReader, PlacedTicketReader } from '../../domain/ports.ts';
import type { EpochMs, TicketId } from '../../domain/ticket/values.ts';
import type { Workflows } from '../../domain/workflow/registry.ts';
import type { TicketFigures } from '../../projections/ticket-figures.ts';
import type { ListPage, ListQuestion, PageWanted, VisibleWords } from '../../projections/ticket-list.ts';
import type { RateLimits } from './admission/rate-limits.ts';
import type { ReportFailure } from './failures.ts';
import type { HttpLimits } from './limits.ts';
import type { Load } from './load.ts';
import type { AwaitReadModels, PositionWaits } from './position-waits.ts';

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

/**
 * Lists of tickets from the read models, to whoever asks: the caller of these looks who may see what. Both
 * throw `Fault` where the read models are out of reach.
 */
export interface TicketListReader {
  page(question: ListQuestion, wanted: PageWanted): Promise<ListPage>;
  /** Which of the tickets answer the words by what may be seen of them alone. */
  answeringVisibly(words: string, tickets: readonly VisibleWords[]): Promise<ReadonlySet<TicketId>>;
}

/** What was measured on a ticket; without figures for one that the read models do not hold. */
export type TicketFiguresReader = (ticketId: TicketId) => Promise<TicketFigures>;

/** Says why something that the server needs can not be used at present; `undefined` where it can. */
export type ReadinessCheck = () => Promise<string | undefined>;

/** Why a delivery of a webhook could not be carried out. */
export interface WebhookProblem {
  /** Of the error table. */
  readonly code: string;
  readonly message: string;
  readonly tried?: string | undefined;
  readonly state?: string | undefined;
  readonly legal: readonly string[];
}

/** A delivery that waits for somebody to replay or drop it. */
export interface WebhookLetter {
  readonly id: string;
  readonly rule?: string | undefined;
  readonly ticketId?: string | undefined;
  readonly at: EpochMs;
  readonly keptAt: EpochMs;
  /** Until then its ticket may only not have been opened yet. */
  readonly earlyUntil?: EpochMs | undefined;
  readonly replays: number;
  readonly problem: WebhookProblem;
  readonly envelope: {
    readonly id: string;
    readonly source: string;
    readonly type: string;
    readonly receivedAt: EpochMs;
  };
}

/** Looks after webhooks. Its changes are durable when they resolve; they throw `Fault`. */
export interface WebhookOffice {
  sources(): readonly {
    readonly name: string;
    readonly builtIn: boolean;
    readonly enabled: boolean;
    readonly deadLetters: number;
    readonly earlyLetters: number;
    readonly deliveries: Readonly<
      Record<'applied' | 'unchanged' | 'duplicate' | 'ignored' | 'kept' | 'refused', number>
    >;
  }[];
  letters(question: {
    readonly source?: string | undefined;
    readonly early: boolean;
    readonly limit: number;
  }): { readonly total: number; readonly letters: readonly WebhookLetter[] };
  letter(id: string): WebhookLetter | undefined;
  replay(
    id: string,
    by: string,
  ): Promise<
    { readonly status: 'done' | 'unknown' } | { readonly status: 'refused'; readonly problem: WebhookProblem }
  >;
  drop(id: string, by: string, reason: string): Promise<boolean>;
}

export interface HttpContext {
  /** Docket's own version, for the OpenAPI document. */
  readonly version: string;
  readonly authenticator: Authenticator;
  readonly access: Access;
  /** Keys, rules and who changed them. */
  readonly accessOffice: AccessOffice;
  readonly sink: CommandSink;
  readonly tickets: PlacedTicketReader;
  readonly reader: EventReader;
  readonly workflows: Workflows;
  /** The workflow of tickets that name none. */
  readonly defaultWorkflow: string;
  readonly throughput: ThroughputReader;
  readonly webhooks: WebhookOffice;
  readonly ticketList: TicketListReader;
  readonly ticketFigures: TicketFiguresReader;
  /** What cursors are sealed with: 32 bytes, the same for all servers that answer for each other. */
  readonly cursorSecret: Uint8Array;
  readonly awaitReadModels: AwaitReadModels;
  /** What reads wait with for the position that they were asked for. */
  readonly positions: PositionWaits;
  /** By the name of what is checked. */
  readonly readiness: Readonly<Record<string, ReadinessCheck>>;
  /** For routes that carry more than one unit of work in a request. */
  readonly rates: RateLimits;
  /** Gets every fault and bug that was answered with 500 or more, but for those that only time mends. */
  readonly report: ReportFailure;
  readonly limits: HttpLimits;
  /** What the server has taken on. */
  readonly load: Load;
  /** Whether the server was told to stop. */
  readonly stopping: () => boolean;
  /**
   * Aborted when answers without an end, such as streams, are to come to one: the server is about to close.
   */
  readonly leaving: AbortSignal;
}
