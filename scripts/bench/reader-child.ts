/**
 * Run as a process of its own by readers.ts: follows the log in the folder it is given as projectors do, with
 * the reader's own settings, notes when it was handed which events, and tells that when it is asked to stop.
 */
import { openSegmentReader } from '../../adapters/log/segment/segment-reader.ts';
import { askedToStop, tell } from './child-process.ts';

/** One entry a batch: up to which position it went, and when it came, in milliseconds since the epoch. */
export interface Seen {
  readonly lastPositions: readonly number[];
  readonly atMs: readonly number[];
}

const [folder = ''] = process.argv.slice(2);
const reader = await openSegmentReader({ folder });
const stopping = new AbortController();
const stopped = askedToStop().then(() => stopping.abort());
const lastPositions: number[] = [];
const atMs: number[] = [];
// From the last event that is there already: with it, everything is found and open when the clock runs.
for await (const batch of reader.read(await reader.head(), { live: true, signal: stopping.signal })) {
  const nowMs = performance.timeOrigin + performance.now();
  const first = lastPositions.length === 0;
  lastPositions.push(batch.at(-1)?.position ?? 0);
  atMs.push(nowMs);
  if (first) await tell('ready');
}
await stopped;
const seen: Seen = { lastPositions, atMs };
await tell(seen);
await reader.close();
process.disconnect();
