/**
 * From a command taken in to its row visible to every reader, on one clock: this process notes when it took
 * commands and where in the log they ended, and is told how far the read models are. It watches a bounded
 * number of calls at a time; those beyond are counted, not kept, and their latency is not guessed.
 * It must never slow a command down: what it does costs the same whatever the projector does.
 */
import type { CommandSink, Outcome } from '../../domain/ports.ts';
import { Buckets, secondsBounds } from './buckets.ts';
import type { MetricDefinition, MetricsRegistry } from './registry.ts';

/** Calls that wait to become visible; each has one or more commands. */
export const outstandingMax = 1_000;
/**
 * After this, a call is given up: nobody tells this server of its position, as where another server's
 * projector keeps the read models.
 */
export const outstandingMsMax = 10 * 60_000;

export const visibleCommandsMetrics = {
  visible: {
    name: 'docket_command_visible_seconds',
    kind: 'histogram',
    help: 'From a command taken in to its row visible in every live read model, of those that were watched.',
  },
  skipped: {
    name: 'docket_command_visible_skipped_total',
    kind: 'counter',
    help: 'Accepted commands of which nobody watched when they became visible, as too many were waiting.',
  },
} as const satisfies Record<string, MetricDefinition>;

interface Outstanding {
  /** The last position that the call's commands were given. */
  readonly position: number;
  readonly commands: number;
  readonly takenAtMs: number;
  readonly requestId: string | undefined;
}

export class VisibleCommands {
  readonly #now: () => number;
  readonly #seconds = new Buckets([...secondsBounds, 30, 60, 300]);
  #outstanding: Outstanding[] = [];
  #skipped = 0;
  /** Of the last commit that was told of. */
  #visible = { position: 0, atMs: 0 };

  /** `now`: milliseconds of a clock that never jumps. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  addTo(registry: MetricsRegistry): void {
    registry.histogram(visibleCommandsMetrics.visible, () => this.#seconds);
    registry.value(visibleCommandsMetrics.skipped, () => this.#skipped);
  }

  /** The same sink, watched. */
  watch(sink: CommandSink): CommandSink {
    return {
      submit: (commands, guard, requestId) => {
        const takenAtMs = this.#now();
        const answered = sink.submit(commands, guard, requestId);
        answered.then(
          (outcomes) => this.#answered(outcomes, takenAtMs, requestId),
          // Nothing of it became an event; the caller is told.
          () => undefined,
        );
        return answered;
      },
    };
  }

  /** Every live read model holds the log's events up to here. */
  committed(position: number): void {
    const atMs = this.#now();
    this.#visible = { position, atMs };
    // Answers come nearly in order of their positions, but not quite.
    this.#outstanding = this.#outstanding.filter((call) => {
      if (call.position > position) return true;
      this.#observe(call, atMs);
      return false;
    });
  }

  #answered(outcomes: readonly Outcome[], takenAtMs: number, requestId: string | undefined): void {
    let position = 0;
    let commands = 0;
    for (const outcome of outcomes) {
      if (outcome.status !== 'accepted' || outcome.events === 0 || outcome.repeated) continue;
      commands += 1;
      position = Math.max(position, outcome.position + outcome.events - 1);
    }
    if (commands === 0) return;
    const call: Outstanding = { position, commands, takenAtMs, requestId };
    // The projector may have been faster than the answer.
    if (position <= this.#visible.position) this.#observe(call, this.#visible.atMs);
    else if (this.#hasRoom()) this.#outstanding.push(call);
    else this.#skipped += commands;
  }

  #observe({ takenAtMs, commands, requestId }: Outstanding, atMs: number): void {
    const seconds = Math.max(0, atMs - takenAtMs) / 1_000;
    this.#seconds.observe(seconds, commands);
    if (requestId !== undefined) this.#seconds.exemplify(seconds, requestId, Date.now());
  }

  #hasRoom(): boolean {
    if (this.#outstanding.length < outstandingMax) return true;
    const givenUpMs = this.#now() - outstandingMsMax;
    const [oldest] = this.#outstanding;
    if (oldest === undefined || oldest.takenAtMs > givenUpMs) return false;
    this.#outstanding = this.#outstanding.filter(({ takenAtMs, commands }) => {
      if (takenAtMs > givenUpMs) return true;
      this.#skipped += commands;
      return false;
    });
    return true;
  }
}
