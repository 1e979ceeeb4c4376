/**
 * Reads that wait for a position: whoever was just told a position may ask not to be answered from before it.
 * Waits are bounded in time and in number; one that ends in vain says how far things are.
 */
import { z } from 'zod';
import { Fault } from '../../domain/errors.ts';
import type { EventReader } from '../../domain/ports.ts';
import type { HttpLimits } from './limits.ts';
import { problem, RequestRefused } from './problem.ts';
import { wholeNumber } from './query-values.ts';

/** The query parameter of every read that has a position. */
export const minPositionQuery = {
  'min-position': wholeNumber(0, Number.MAX_SAFE_INTEGER)
    .optional()
    .meta({ description: 'Wait a bounded time until the answer holds everything up to this position.' }),
} as const;

/** The header of every answer that is true at a position. */
export const positionHeader = 'docket-position';
export const positionHeaderMeaning = 'Everything up to this position of the log is in the answer.';
export const positionSchema = z
  .int()
  .meta({ description: 'Everything up to this position of the log is in the answer.' });

export interface ReadModelWait {
  readonly position: number;
  /** Names of read models; all of them must hold the position. */
  readonly projections: readonly string[];
  readonly waitMsMax: number;
}

/** Waits until read models hold a position, and says which one they hold at the end. */
export type AwaitReadModels = (
  wait: ReadModelWait,
) => Promise<{ readonly reached: boolean; readonly position: number }>;

export interface PositionWaitsParts {
  readonly reader: Pick<EventReader, 'head' | 'read'>;
  readonly awaitReadModels: AwaitReadModels;
  readonly limits: Pick<HttpLimits, 'positionWaitMsMax' | 'positionWaitersMax'>;
}

export class PositionWaits {
  readonly #parts: PositionWaitsParts;
  #waiting = 0;

  constructor(parts: PositionWaitsParts) {
    this.#parts = parts;
  }

  /** Reads that are waiting now. */
  get waiting(): number {
    return this.#waiting;
  }

  /**
   * Returns when the log holds the position, or none was asked for. Throws `position_not_reached` when the
   * time is up, and `Fault('overloaded')` where too many wait already.
   */
  async log(position: number | undefined, partition = 0): Promise<void> {
    if (position === undefined) return;
    const { reader, limits } = this.#parts;
    if ((await reader.head(partition)) >= position) return;
    await this.#counted(async () => {
      const held = await headWithin(reader, partition, position, limits.positionWaitMsMax);
      if (held < position) throw this.#inVain('the log', position, held);
    });
  }

  /** The same for read models. */
  async readModels(projections: readonly string[], position: number | undefined): Promise<void> {
    if (position === undefined) return;
    const { awaitReadModels, limits } = this.#parts;
    await this.#counted(async () => {
      const wait = { position, projections, waitMsMax: limits.positionWaitMsMax };
      const { reached, position: held } = await awaitReadModels(wait);
      if (!reached) throw this.#inVain('what is read', position, held);
    });
  }

  async #counted(wait: () => Promise<void>): Promise<void> {
    const most = this.#parts.limits.positionWaitersMax;
    if (this.#waiting >= most) {
      throw new Fault('overloaded', `${most} requests wait for a position already; try again later`);
    }
    this.#waiting += 1;
    await wait().finally(() => {
      this.#waiting -= 1;
    });
  }

  #inVain(what: string, position: number, held: number): RequestRefused {
    const detail = `${what} holds position ${held} after ${this.#parts.limits.positionWaitMsMax} ms, not ${position} yet`;
    return new RequestRefused(problem('position_not_reached', detail, { position: held }));
  }
}

/** The head of a partition once it has come to a position, or after a time. */
async function headWithin(
  reader: Pick<EventReader, 'head' | 'read'>,
  partition: number,
  position: number,
  waitMsMax: number,
): Promise<number> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), waitMsMax);
  try {
    const waiting = { partition, live: true, signal: late.signal, batchEventsMax: 1 };
    for await (const _durable of reader.read(position, waiting)) break;
  } finally {
    clearTimeout(timer);
  }
  return reader.head(partition);
}
