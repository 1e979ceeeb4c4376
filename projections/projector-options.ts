/** What a projector needs, and what it may be told. */
import type { Calendars } from '../domain/metrics/calendars.ts';
import type { Clock, EventReader } from '../domain/ports.ts';
import type { Workflows } from '../domain/workflow/registry.ts';
import type { Progress } from './partition-projector.ts';
import type { Projection } from './projection.ts';
import type { Database } from './sql.ts';
import type { Relation } from './view.ts';

/** Events per transaction, far behind the log's end; near it, a batch is whatever came since the last one. */
export const batchEventsMaxDefault = 65_536;

export interface ProjectorOptions {
  readonly reader: EventReader;
  readonly database: Database;
  readonly workflows: Workflows;
  readonly calendars: Calendars;
  readonly projections: readonly Projection[];
  readonly views: readonly Relation[];
  readonly clock: Clock;
  /** Ends the run, after the commit that is under way. */
  readonly signal: AbortSignal;
  /**
   * Who this is, unlike every other projector: `host/pid`. The database's connections should carry
   * `applicationNameOf(owner)`, so that a successor can cut them off should this process be paused.
   */
  readonly owner: string;
  /** Return once the rows hold all that was in the log, instead of waiting for more. */
  readonly untilCaughtUp?: boolean;
  /** Project only builds that readers do not see yet, of these projections, and return when they do. */
  readonly onlyBuilding?: boolean;
  readonly batchEventsMax?: number;
  readonly onProgress?: (progress: Progress) => void;
  /** Something happened that a person should know: waiting, a takeover, a parked ticket, a new build live. */
  readonly onNote?: (line: string) => void;
}
