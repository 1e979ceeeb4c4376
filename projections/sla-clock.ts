/**
 * The read model `docket.sla_clock`: every SLA clock that ever ran, folded from clock events alone. What
 * was promised is what the clock was started with: neither a later policy nor a later priority changes a
 * row of the past. Only clocks that still run or pause are kept in memory.
 */
import type { SlaHours, SlaMetric } from '../domain/sla/clock.ts';
import { isSlaEvent, type SlaEventType } from '../domain/sla/clock.ts';
import type { RecordedEvent } from '../domain/ticket/events.ts';
import type { EpochMs, TicketId } from '../domain/ticket/values.ts';
import {
  appended,
  changedRows,
  type Fold,
  type FoldContext,
  type Projection,
  type TableWrite,
} from './projection.ts';
import type { Queries } from './sql.ts';
import { column, optionalColumn, type Table } from './table.ts';
import { TicketMemory } from './ticket-memory.ts';

type SlaEvent = Extract<RecordedEvent, { readonly type: SlaEventType }>;
type StartEvent = Extract<RecordedEvent, { readonly type: 'SlaStarted' }>;

/** A row, under the names of its columns. */
export interface SlaClockRow {
  readonly ticket_id: TicketId;
  readonly clock: string;
  readonly metric: SlaMetric;
  readonly policy: string;
  readonly policy_version: string;
  readonly priority: string | null;
  readonly calendar: string | null;
  readonly business: boolean;
  readonly target_ms: number;
  readonly state: 'running' | 'paused' | 'fulfilled' | 'cancelled';
  readonly started_at: EpochMs;
  readonly due_at: EpochMs | null;
  readonly remaining_ms: number | null;
  readonly paused_since: EpochMs | null;
  readonly paused_ms: number;
  readonly breached_at: EpochMs | null;
  readonly fulfilled_at: EpochMs | null;
  readonly cancelled_at: EpochMs | null;
  readonly elapsed_ms: number | null;
  readonly workflow: string;
  readonly assigned_group: string | null;
  readonly position: number;
}

const required = column<SlaClockRow>;
const optional = optionalColumn<SlaClockRow>;

export const slaClockTable: Table<SlaClockRow> = {
  name: 'sla_clock',
  meaning:
    'Every SLA clock: what a ticket was promised, and what became of it. One row per ticket and clock; the' +
    ' policy, its version and the priority are those of when the clock started.',
  key: ['ticket_id', 'clock'],
  fixed: [
    'metric',
    'policy',
    'policy_version',
    'priority',
    'calendar',
    'business',
    'target_ms',
    'started_at',
    'workflow',
    'assigned_group',
  ],
  fillPercent: 80,
  indexes: {
    // What timers ask every second: the few clocks that run and have not been told to be breached.
    sla_clock_due: "(due_at, ticket_id, clock) WHERE state = 'running' AND breached_at IS NULL",
    // Attainment over a period.
    sla_clock_started: '(started_at)',
  },
  columns: [
    required('ticket_id', 'text', 'The ticket.', (e) => e.ticket_id),
    required(
      'clock',
      'text',
      'The metric and the number of the clock, such as first_reply#1.',
      (e) => e.clock,
    ),
    required(
      'metric',
      'text',
      'What is promised: first_reply, next_reply, requester_wait, agent_work or resolution.',
      (e) => e.metric,
    ),
    required('policy', 'text', 'The policy that applied when it started.', (e) => e.policy),
    required('policy_version', 'text', 'The version of that policy.', (e) => e.policy_version),
    optional('priority', 'text', 'The priority of the ticket when it started.', (e) => e.priority),
    optional('calendar', 'text', 'The calendar of its business hours.', (e) => e.calendar),
    required('business', 'boolean', 'Whether it counts business hours only.', (e) => e.business),
    required('target_ms', 'bigint', 'What is promised, in milliseconds of its hours.', (e) => e.target_ms),
    required('state', 'text', 'What it does: running, paused, fulfilled or cancelled.', (e) => e.state),
    required('started_at', 'timestamptz', 'When it started.', (e) => e.started_at),
    optional(
      'due_at',
      'timestamptz',
      'When the target runs out, or did; NULL while it is paused, and where it ended so.',
      (e) => e.due_at,
    ),
    optional(
      'remaining_ms',
      'bigint',
      'What is left of the target while it is paused, in its hours; below zero when overdue.',
      (e) => e.remaining_ms,
    ),
    optional('paused_since', 'timestamptz', 'Since when it is paused.', (e) => e.paused_since),
    required('paused_ms', 'bigint', 'How long it was paused until it last went on.', (e) => e.paused_ms),
    optional(
      'breached_at',
      'timestamptz',
      'The deadline that was missed, however late that was noticed; NULL where none was.',
      (e) => e.breached_at,
    ),
    optional('fulfilled_at', 'timestamptz', 'When it was fulfilled.', (e) => e.fulfilled_at),
    optional('cancelled_at', 'timestamptz', 'When it was cancelled, unfulfilled.', (e) => e.cancelled_at),
    optional(
      'elapsed_ms',
      'bigint',
      'What it took until it was fulfilled, in its hours and without pauses.',
      (e) => e.elapsed_ms,
    ),
    required(
      'workflow',
      'text',
      'The rules of the ticket when it started, as name@version.',
      (e) => e.workflow,
    ),
    optional('assigned_group', 'text', 'The group of the ticket when it started.', (e) => e.assigned_group),
    required('position', 'bigint', 'Position of the last event of the clock.', (e) => e.position),
  ],
};

export const slaClockProjection: Projection = {
  name: 'sla_clock',
  version: 1,
  tables: [slaClockTable],
  start: (context) => new SlaClockFold(context),
};

/** A clock that can still change: its row, and the last batch that touched it. */
interface Slot {
  row: SlaClockRow;
  batch: number;
}

type Clocks = Map<string, Slot>;

class SlaClockFold implements Fold {
  readonly #table: string;
  readonly #memory: TicketMemory<Clocks>;
  #created: Slot[] = [];
  #changed: Slot[] = [];
  #batch = 1;

  constructor({ nameOf, ticketsMax }: FoldContext) {
    this.#memory = new TicketMemory(ticketsMax);
    this.#table = nameOf(slaClockTable);
  }

  /** Tickets without clocks cost nothing: only clock events make one look for rows. */
  missing(events: readonly RecordedEvent[]): readonly TicketId[] {
    return this.#memory.missing(events.filter((event) => event.revision === 1 || isSlaEvent(event)));
  }

  async load(queries: Queries, ticketIds: readonly TicketId[]): Promise<void> {
    const text = `SELECT * FROM ${this.#table} WHERE ticket_id = ANY($1::text[]) AND state IN ('running', 'paused')`;
    const found = new Map<TicketId, Clocks>(ticketIds.map((ticketId) => [ticketId, new Map()]));
    for (const row of await queries.query<SlaClockRow>(text, [ticketIds])) {
      found.get(row.ticket_id)?.set(row.clock, { row, batch: 0 });
    }
    for (const [ticketId, clocks] of found) this.#memory.remember(ticketId, clocks);
  }

  fold(event: RecordedEvent): void {
    if (!isSlaEvent(event)) return;
    const clocks = this.#memory.find(event.ticketId);
    if (event.type === 'SlaStarted') {
      this.#start(event, clocks);
      return;
    }
    const slot = clocks?.get(event.data.clock);
    if (slot === undefined) throw new Error(`there is no running or paused clock ${event.data.clock}`);
    slot.row = after(slot.row, event);
    if (slot.batch !== this.#batch) {
      slot.batch = this.#batch;
      this.#changed.push(slot);
    }
    if (slot.row.state === 'fulfilled' || slot.row.state === 'cancelled') clocks?.delete(slot.row.clock);
  }

  takeWrites(): readonly TableWrite[] {
    const created = this.#created.map(({ row }) => row);
    const changed = this.#changed.map(({ row }) => row);
    this.#created = [];
    this.#changed = [];
    this.#batch += 1;
    this.#memory.endBatch();
    return [appended(slaClockTable, created), changedRows(slaClockTable, changed)];
  }

  forget(): void {
    this.#memory.forget();
    this.#created = [];
    this.#changed = [];
  }

  #start(event: StartEvent, clocks: Clocks | undefined): void {
    const { clock } = event.data;
    if (clocks?.has(clock)) throw new Error(`clock ${clock} has started already`);
    const slot = { row: started(event), batch: this.#batch };
    if (clocks === undefined) this.#memory.update(event.ticketId, () => new Map([[clock, slot]]));
    else clocks.set(clock, slot);
    this.#created.push(slot);
  }
}

function started({ ticketId, occurredAt, workflow, position, data }: StartEvent): SlaClockRow {
  return {
    ticket_id: ticketId,
    clock: data.clock,
    metric: data.metric,
    policy: data.policy,
    policy_version: data.policyVersion,
    priority: data.priority ?? null,
    calendar: data.calendar ?? null,
    business: isBusiness(data.hours),
    target_ms: data.targetMs,
    state: 'running',
    started_at: occurredAt,
    due_at: data.dueAt,
    remaining_ms: null,
    paused_since: null,
    paused_ms: 0,
    breached_at: null,
    fulfilled_at: null,
    cancelled_at: null,
    elapsed_ms: null,
    workflow,
    assigned_group: data.group ?? null,
    position,
  };
}

function isBusiness(hours: SlaHours): boolean {
  return hours === 'business';
}

function after(row: SlaClockRow, event: Exclude<SlaEvent, StartEvent>): SlaClockRow {
  const { occurredAt: at, position } = event;
  switch (event.type) {
    case 'SlaPaused': {
      const { remainingMs } = event.data;
      return { ...row, state: 'paused', due_at: null, remaining_ms: remainingMs, paused_since: at, position };
    }
    case 'SlaResumed': {
      const resumed = { ...row, ...unpaused(row, at), state: 'running', position } as const;
      return { ...resumed, due_at: event.data.dueAt };
    }
    case 'SlaBreached':
      return { ...row, breached_at: event.data.dueAt, position };
    case 'SlaFulfilled': {
      const { elapsedMs } = event.data;
      const ended = { ...row, ...unpaused(row, at), state: 'fulfilled', position } as const;
      return { ...ended, fulfilled_at: at, elapsed_ms: elapsedMs };
    }
    case 'SlaCancelled':
      return { ...row, ...unpaused(row, at), state: 'cancelled', cancelled_at: at, position };
    default:
      return event;
  }
}

/** Business time may run backwards in imported histories; a pause then takes no time. */
function unpaused({ paused_ms, paused_since }: SlaClockRow, at: EpochMs) {
  const pausedMs = paused_since === null ? paused_ms : paused_ms + Math.max(0, at - paused_since);
  return { paused_ms: pausedMs, paused_since: null, remaining_ms: null };
}
