/**
 * Waiting until the log holds an event: for whoever was told a position elsewhere and wants to read no less.
 * A wait has a bound, and its end says which position was reached.
 */
import type { EventReader } from '../../domain/ports.ts';
import { problem, RequestRefused } from './problem.ts';

/**
 * The head of a partition once it is `position` or more; at once where no position is wanted. Throws
 * `RequestRefused` with `position_not_reached` after `waitMsMax`.
 */
export async function waitForPosition(
  reader: EventReader,
  partition: number,
  position: number | undefined,
  waitMsMax: number,
): Promise<number> {
  const head = await reader.head(partition);
  if (position === undefined || head >= position) return head;
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), waitMsMax);
  try {
    const waiting = { partition, live: true, signal: late.signal, batchEventsMax: 1 };
    for await (const _durable of reader.read(position, waiting)) break;
  } finally {
    clearTimeout(timer);
  }
  const reached = await reader.head(partition);
  if (reached >= position) return reached;
  const detail = `position ${reached} was reached within ${waitMsMax} ms, and ${position} was asked for`;
  throw new RequestRefused(problem('position_not_reached', detail, { position: reached }));
}
