/**
 * Connections that break in bursts: reset by the other side (ECONNRESET, EPIPE) or timed out (ETIMEDOUT). One
 * now and then is a phone in a tunnel; many at once are a proxy that restarted, a client with too short a
 * patience, or a network that drops.
 */
import { bursts } from '../../statistics/robust.ts';
import { type Finding, unseen } from '../finding.ts';
import { grown, type Interval, intervalsOf } from '../intervals.ts';
import type { Seen } from '../seen.ts';
import { inDigits, inSpan, inTime } from '../words.ts';

const pattern = 'connection_bursts';
/** In one interval, whatever is usual. */
const brokenMin = 10;
/** Older bursts are told, but are not to be acted on now. */
const recentMs = 3_600_000;
const shown = 5;

const kinds = [
  { counter: 'connectionResets', name: 'reset (ECONNRESET, EPIPE)' },
  { counter: 'connectionTimeouts', name: 'timed out (ETIMEDOUT)' },
  { counter: 'requestsAbandoned', name: 'left by their callers before an answer (499)' },
] as const;

export function connectionBursts({ history, live, nowMs, noLive }: Seen): readonly Finding[] {
  const intervals = intervalsOf([...history, ...live]);
  if (intervals.length === 0) return [unseen(pattern, noLive ?? 'there are no two samples to compare')];
  const found = kinds.flatMap(({ counter, name }) => burstsOf(intervals, counter, name));
  const [first, last] = [intervals[0]?.before, intervals.at(-1)?.after];
  const over = `${intervals.length} samples, ${inTime(first?.atMs ?? 0)} to ${inTime(last?.atMs ?? 0)}`;
  if (found.length === 0) {
    const title = 'connections do not break in bursts';
    return [{ pattern, severity: 'ok', title, evidence: [over], next: '' }];
  }
  const newest = found.toSorted((a, b) => b.atMs - a.atMs);
  const isRecent = newest.some(({ atMs }) => atMs >= nowMs - recentMs);
  return [
    {
      pattern,
      severity: isRecent ? 'warning' : 'notice',
      title: `${found.length === 1 ? 'a burst' : `${found.length} bursts`} of broken connections`,
      evidence: [...newest.slice(0, shown).map(({ words }) => words), `looked at ${over}`],
      next:
        'Compare the times with restarts of proxies and clients. Clients whose time limit is under the p99 of ' +
        'their requests reset them: see throughput_flatline. Also see file_descriptors and accept_queue.',
    },
  ];
}

function burstsOf(intervals: readonly Interval[], counter: (typeof kinds)[number]['counter'], name: string) {
  const rates = intervals.map((interval) => (grown(interval, counter) ?? 0) / interval.seconds);
  // One deviation counts as one broken connection in ten seconds at least, as most samples have none at all.
  const indexes = bursts(rates, { deviationMin: 0.1 });
  return indexes.flatMap((index) => {
    const interval = intervals[index];
    const broken = interval === undefined ? 0 : (grown(interval, counter) ?? 0);
    if (interval === undefined || broken < brokenMin) return [];
    const atMs = interval.after.atMs;
    const words = `${inDigits(broken)} ${name} within ${inSpan(interval.seconds * 1_000)} until ${inTime(atMs)}`;
    return [{ atMs, words }];
  });
}
