/**
 * Clocks that disagree: this machine's against the log, whose times never go back, and against that of the
 * database. Timers and all metrics go by them.
 */
import { type Finding, unseen } from '../finding.ts';
import type { Seen } from '../seen.ts';
import { inSpan, inTime } from '../words.ts';

const pattern = 'clock';
const apartMsMax = 1_000;
const next =
  'See `timedatectl` on both machines, and let a time service keep them. The log itself stays in order: times of ' +
  'commit are never before those of earlier events.';

export function clock({ facts: { events, database }, nowMs }: Seen): readonly Finding[] {
  const evidence: string[] = [];
  let apart = false;
  if ('seen' in events && events.seen.events > 0) {
    const aheadMs = events.seen.toMs - nowMs;
    evidence.push(
      `the newest event was committed at ${inTime(events.seen.toMs)}; here it is ${inTime(nowMs)}`,
    );
    apart ||= aheadMs > apartMsMax;
  }
  if ('seen' in database && 'seen' in database.seen.clock) {
    const { aheadMs, withinMs } = database.seen.clock.seen;
    const where = aheadMs < 0 ? 'behind' : 'ahead';
    evidence.push(
      `the database's clock is ${inSpan(Math.abs(aheadMs))} ${where}, give or take ${inSpan(withinMs)}`,
    );
    apart ||= Math.abs(aheadMs) - withinMs > apartMsMax;
  }
  if (evidence.length === 0) return [unseen(pattern, 'neither the log nor the database could be read')];
  if (apart) return [{ pattern, severity: 'warning', title: 'clocks disagree', evidence, next }];
  return [{ pattern, severity: 'ok', title: 'clocks agree', evidence, next: '' }];
}
