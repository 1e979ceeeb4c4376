/**
 * Everything that a pattern is recognised from: samples of the server's metrics and facts of the machine. All
 * of it is gathered before anything is judged, so that a judgement is a pure function that a test can feed.
 */
import type { Sample } from '../measuring/sample.ts';
import type { Looked } from './finding.ts';

export interface Seen {
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
  /** Taken just now, one after the other; none where no server tells its metrics. */
  readonly live: readonly Sample[];
  /** What the server noted of itself before, oldest first. */
  readonly history: readonly Sample[];
  /** Why there are no live samples; undefined where there are. */
  readonly noLive: string | undefined;
  readonly facts: Facts;
}

export interface Facts {
  readonly server: ServerState;
  readonly cores: number;
  readonly process: Looked<ProcessFacts>;
  readonly machineCpu: Looked<MachineCpu>;
  readonly sockets: Looked<SocketFacts>;
  readonly files: Looked<FileFacts>;
  readonly events: Looked<EventFacts>;
  readonly database: Looked<DatabaseFacts>;
  readonly disk: Looked<DiskFacts>;
}

/** `silent`: its process lives, but it does not answer. */
export interface ServerState {
  readonly state: 'answering' | 'silent' | 'down';
  readonly pid: number | undefined;
  readonly url: string | undefined;
}

export interface ProcessFacts {
  readonly pid: number;
  readonly openFiles: number;
  readonly filesSoftMax: number;
  readonly filesHardMax: number;
  /** How many connections the server is configured to take. */
  readonly connectionsMax: number;
}

/** Shares of all cores over the time of watching, 0 to 1. */
export interface MachineCpu {
  readonly busy: number;
  /** Of that, by PostgreSQL as far as it runs in the data folder; undefined where it runs elsewhere. */
  readonly postgres: number | undefined;
  /** Of one core, how much of the time the server's main thread was ready to run but had to wait for one. */
  readonly serverWaited: number | undefined;
  readonly seconds: number;
}

export interface SocketFacts {
  /** How many connections the server asks the system to hold until it takes them. */
  readonly backlog: number;
  readonly somaxconn: number;
  readonly synBacklogMax: number;
  /** Most connections that were seen to wait in the server's own queue; undefined where it was not seen. */
  readonly queuedMost: number | undefined;
  /** Connections dropped at full queues on the whole machine: since its start, and while we watched. */
  readonly overflows: number;
  readonly overflowsWatched: number;
}

export interface FileFacts {
  readonly looked: number;
  /** Those that others than the owner can get at, or that belong to somebody else. */
  readonly wide: readonly WideFile[];
}

export interface WideFile {
  readonly path: string;
  /** Permission bits. */
  readonly mode: number;
  readonly kind: 'file' | 'folder';
  /** Whether it holds a key or password. */
  readonly secret: boolean;
  /** Of a user who neither owns the data folder, nor is root; undefined where it is one of them. */
  readonly strangerId: number | undefined;
}

/** The newest events of the log. */
export interface EventFacts {
  readonly events: number;
  readonly tickets: number;
  readonly fromMs: number;
  readonly toMs: number;
  /** By events, most first. */
  readonly busiest: readonly { readonly ticketId: string; readonly events: number }[];
}

/** Each for itself: a lock that holds up one answer is just when the others are wanted. */
export interface DatabaseFacts {
  readonly statements: Looked<StatementFacts>;
  readonly running: readonly RunningStatement[];
  readonly clock: Looked<DatabaseClock>;
  readonly parked: Looked<readonly ParkedTicket[]>;
}

/** How far the database's clock is ahead of ours, and how exactly that is known. */
export interface DatabaseClock {
  readonly aheadMs: number;
  readonly withinMs: number;
}

/** What statements took, from whatever source there is. */
export interface StatementFacts {
  readonly source: 'pg_stat_statements' | 'the slow log';
  readonly statements: readonly SlowStatement[];
  /** What the figures are over, beside the time of watching. */
  readonly over: string;
}

export interface SlowStatement {
  readonly text: string;
  readonly calls: number;
  readonly meanMs: number;
  /** Of them those that ended while we watched. */
  readonly watchedCalls: number;
  readonly watchedMeanMs: number;
}

export interface RunningStatement {
  readonly pid: number;
  readonly application: string;
  readonly runningMs: number;
  /** Such as 'Lock: relation'; empty where it works. */
  readonly waitsFor: string;
  readonly blockedBy: readonly number[];
  readonly text: string;
}

export interface ParkedTicket {
  readonly projection: string;
  readonly ticketId: string;
  readonly parkedAtMs: number;
  readonly reason: string;
}

export interface DiskFacts {
  readonly freeBytes: number;
  readonly bytes: number;
}
