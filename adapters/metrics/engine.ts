/**
 * What the engine did, counted while it does it. A transition counts when the log says that it is durable, by
 * this process, exactly once: not when it is decided, not when a command is repeated, and not where another
 * writer was faster. So the sum of transitions is how far this process has moved the log's head.
 */
import type { EngineCounts } from '../../domain/engine/counts.ts';
import type { Appending, EngineObserver } from '../../domain/engine/observer.ts';
import type { AppendOutcome, TicketAppend, Write } from '../../domain/ports.ts';
import { eventTypes } from '../../domain/ticket/events.ts';
import type { Rejection } from '../../domain/ticket/rejection.ts';
import type { Workflows } from '../../domain/workflow/registry.ts';
import { Buckets, countBounds, secondsBounds } from './buckets.ts';
import { LabelledCounts } from './labelled-counts.ts';
import type { Labels, MetricDefinition, MetricsRegistry } from './registry.ts';

/** Where there are more workflows and types than this together, only what happened is told. */
const zeroSeriesMax = 1_000;
const workflowLabel = "the ticket's workflow, without its version";

export const engineMetrics = {
  committed: {
    name: 'docket_transitions_committed_total',
    kind: 'counter',
    help: 'Events that this process appended to the log, counted when they were durable.',
    labels: { workflow: workflowLabel, type: 'of the event' },
  },
  rejected: {
    name: 'docket_commands_rejected_total',
    kind: 'counter',
    help: 'Commands that were refused.',
    labels: {
      workflow: `${workflowLabel}; none where there is no such ticket`,
      type: 'of the command',
      reason: 'code of the error table (docs/problems.md)',
    },
  },
  accepted: {
    name: 'docket_commands_accepted_total',
    kind: 'counter',
    help: 'Commands that were accepted, also those that changed nothing.',
  },
  deduplicated: {
    name: 'docket_commands_deduplicated_total',
    kind: 'counter',
    help: 'Commands that had been accepted before under the same id, and got their first answer again.',
  },
  conflicts: {
    name: 'docket_append_conflicts_total',
    kind: 'counter',
    help: 'Decisions that were made again because another writer of the log was faster.',
  },
  setbacks: {
    name: 'docket_engine_setbacks_total',
    kind: 'counter',
    help: 'How often tickets in memory held what did not happen, and were forgotten.',
  },
  commandSeconds: {
    name: 'docket_command_duration_seconds',
    kind: 'histogram',
    help: 'From when the engine took a command in until its call was answered, with everything durable.',
  },
  appendSeconds: {
    name: 'docket_append_duration_seconds',
    kind: 'histogram',
    help: 'From when the engine handed writes to the log until they were durable.',
  },
  appendEvents: {
    name: 'docket_append_batch_events',
    kind: 'histogram',
    help: 'Events that were handed to the log in one call.',
  },
  queued: {
    name: 'docket_engine_queue_commands',
    kind: 'gauge',
    help: 'Commands that nobody has begun to decide.',
  },
  unanswered: {
    name: 'docket_engine_unanswered_commands',
    kind: 'gauge',
    help: 'Commands that wait for their answer, queued or on their way to the disk.',
  },
  unansweredMax: {
    name: 'docket_engine_unanswered_commands_max',
    kind: 'gauge',
    help: 'Beyond so many, commands are refused as overload.',
  },
  tickets: {
    name: 'docket_engine_tickets_cached',
    kind: 'gauge',
    help: 'Tickets that the engine holds in memory.',
  },
} as const satisfies Record<string, MetricDefinition>;

/** What is read of the engine itself when somebody asks. */
export interface EngineReadings {
  readonly counts: Readonly<EngineCounts>;
  readonly queued: number;
  readonly unanswered: number;
  readonly unansweredMax: number;
  readonly ticketsCached: number;
}

export class EngineMetrics implements EngineObserver {
  readonly #workflows: readonly string[];
  /** Where the counts of a workflow begin, by its id. */
  readonly #rowOf: ReadonlyMap<string, number>;
  readonly #committed: Float64Array;
  readonly #rejected = new LabelledCounts(['workflow', 'type', 'reason']);
  readonly #commandSeconds = new Buckets(secondsBounds);
  readonly #appendSeconds = new Buckets(secondsBounds);
  readonly #appendEvents = new Buckets(countBounds);
  readonly #spare: Batch[] = [];
  #lastWorkflow = '';
  #lastRow = 0;

  constructor(workflows: Workflows) {
    // Under the rules of the day every event names a workflow that is known; the last row is for bugs.
    this.#workflows = [...new Set(workflows.all().map(({ name }) => name)), 'other'];
    this.#rowOf = new Map(
      workflows.all().map(({ id, name }) => [id, this.#workflows.indexOf(name) * eventTypes.length]),
    );
    this.#committed = new Float64Array(this.#workflows.length * eventTypes.length);
  }

  now(): number {
    return performance.now();
  }

  answered(commands: number, sinceMs: number, requestId: string | undefined): void {
    const seconds = (performance.now() - sinceMs) / 1_000;
    this.#commandSeconds.observe(seconds, commands);
    if (requestId !== undefined) this.#commandSeconds.exemplify(seconds, requestId, Date.now());
  }

  rejected({ tried, code }: Rejection, workflow: string | undefined): void {
    // By the time of the answer, another command may have opened the ticket that was not there.
    const isThere = workflow !== undefined && code !== 'ticket_not_found';
    const row = isThere ? this.#rowOf.get(workflow) : undefined;
    const name = row === undefined ? 'none' : this.#workflows[row / eventTypes.length];
    this.#rejected.add([name ?? 'other', tried, code]);
  }

  appending(writes: readonly Write[]): Appending {
    const batch = this.#spare.pop() ?? new Batch(this.#settled);
    batch.length = 0;
    for (let index = 0; index < writes.length; index += 1) {
      const write = writes[index];
      if (write === undefined) continue;
      const first = batch.length;
      this.#note(write, batch);
      if (write.also !== undefined) for (const append of write.also) this.#note(append, batch);
      batch.beginWriteAt(first);
    }
    batch.sinceMs = performance.now();
    return batch;
  }

  readonly #settled = (batch: Batch, outcomes: readonly AppendOutcome[]): void => {
    this.#appendSeconds.observe((performance.now() - batch.sinceMs) / 1_000);
    this.#appendEvents.observe(batch.length);
    batch.countInto(this.#committed, outcomes);
    if (this.#spare.length < spareBatchesMax) this.#spare.push(batch);
  };

  /** `readings` is called whenever somebody asks; undefined until there is an engine. */
  register(registry: MetricsRegistry, readings: () => EngineReadings | undefined): void {
    const of = engineMetrics;
    registry.value(of.committed, () => this.#committedSamples());
    registry.value(of.rejected, () => this.#rejected.samples());
    registry.value(of.accepted, () => readings()?.counts.accepted);
    registry.value(of.deduplicated, () => readings()?.counts.repeated);
    registry.value(of.conflicts, () => readings()?.counts.conflicts);
    registry.value(of.setbacks, () => readings()?.counts.setbacks);
    registry.histogram(of.commandSeconds, () => this.#commandSeconds);
    registry.histogram(of.appendSeconds, () => this.#appendSeconds);
    registry.histogram(of.appendEvents, () => this.#appendEvents);
    registry.value(of.queued, () => readings()?.queued);
    registry.value(of.unanswered, () => readings()?.unanswered);
    registry.value(of.unansweredMax, () => readings()?.unansweredMax);
    registry.value(of.tickets, () => readings()?.ticketsCached);
  }

  #note({ events }: TicketAppend, batch: Batch): void {
    for (let index = 0; index < events.length; index += 1) {
      const event = events[index];
      if (event === undefined) continue;
      // Nearly all tickets of a desk live under the same workflow.
      if (event.workflow !== this.#lastWorkflow) {
        this.#lastWorkflow = event.workflow;
        this.#lastRow = this.#rowOf.get(event.workflow) ?? this.#committed.length - eventTypes.length;
      }
      batch.add(this.#lastRow + (placeOfType.get(event.type) ?? 0));
    }
  }

  /** Also those that did not happen yet, so that their rates are right from the first event on. */
  #committedSamples(): readonly (readonly [Labels, number])[] {
    const hasZeros = this.#committed.length <= zeroSeriesMax;
    return this.#workflows.flatMap((workflow, row) =>
      eventTypes.flatMap((type, column) => {
        const count = this.#committed[row * eventTypes.length + column] ?? 0;
        return count === 0 && (!hasZeros || workflow === 'other')
          ? []
          : [[{ workflow, type }, count] as const];
      }),
    );
  }
}

const placeOfType: ReadonlyMap<string, number> = new Map(eventTypes.map((type, place) => [type, place]));

/** As many as an engine has rounds on their way, and some. */
const spareBatchesMax = 32;
const batchEventsFirst = 512;
const beginsWrite = 0x4000_0000;

/**
 * What is kept of writes that are on their way: of each event its place in the counts, and where a write
 * begins. Nothing else: events would only age meanwhile. Used again and again, so that it is no garbage.
 */
class Batch implements Appending {
  length = 0;
  sinceMs = 0;
  readonly #onSettled: (batch: Batch, outcomes: readonly AppendOutcome[]) => void;
  #places = new Int32Array(batchEventsFirst);

  constructor(onSettled: (batch: Batch, outcomes: readonly AppendOutcome[]) => void) {
    this.#onSettled = onSettled;
  }

  add(place: number): void {
    if (this.length === this.#places.length) this.#grow();
    this.#places[this.length] = place;
    this.length += 1;
  }

  beginWriteAt(index: number): void {
    this.#places[index] = (this.#places[index] ?? 0) | beginsWrite;
  }

  settled(outcomes: readonly AppendOutcome[]): void {
    this.#onSettled(this, outcomes);
  }

  countInto(counts: Float64Array, outcomes: readonly AppendOutcome[]): void {
    let write = -1;
    let isAppended = false;
    for (let index = 0; index < this.length; index += 1) {
      const place = this.#places[index] ?? 0;
      if (place >= beginsWrite) {
        write += 1;
        isAppended = outcomes[write]?.status === 'appended';
      }
      const count = place & ~beginsWrite;
      if (isAppended) counts[count] = (counts[count] ?? 0) + 1;
    }
  }

  #grow(): void {
    const grown = new Int32Array(2 * this.#places.length);
    grown.set(this.#places);
    this.#places = grown;
  }
}
