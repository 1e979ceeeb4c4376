/**
 * Throughput that does not follow what is asked: stalled (nothing is answered), saturated (more is asked, no
 * more is answered and it takes longer) or limited (something turns the rest away). What is offered is what
 * came in at the server; what nobody could send it can not know.
 */
import type { Sample } from '../../measuring/sample.ts';
import { type Flatline, flatline } from '../../statistics/flatline.ts';
import { type Finding, unseen } from '../finding.ts';
import { grown, type Interval, intervalsOf, p99Ms, wholeOf } from '../intervals.ts';
import type { Seen } from '../seen.ts';
import { inDigits, inSpan, inTime } from '../words.ts';

const pattern = 'throughput_flatline';
/** How far back a flat line still matters. */
const recentMs = 3_600_000;
/** Over such spans of the history, and of what was watched, rates are steady enough to compare. */
const historyStepMs = 60_000;
const liveSteps = 6;
/** Of what is asked; fewer refusals are single callers who ask too much. */
const refusedShareMin = 0.05;
const refusedMin = 10;
const stallMsMin = 1_000;

export function throughputFlatline(seen: Seen): readonly Finding[] {
  const { facts, live, noLive } = seen;
  if (facts.server.state === 'silent') return [silent(seen)];
  const whole = wholeOf(live);
  const kept = seen.history.filter(({ atMs }) => atMs >= seen.nowMs - recentMs);
  const past = flatline(pointsOf(intervalsOf(kept, historyStepMs)));
  if (whole === undefined) {
    if (kept.length === 0) return [unseen(pattern, noLive ?? 'there are no two samples to compare')];
    return [ofPast(past, kept)];
  }
  const stalled = stallOf(live);
  if (stalled !== undefined) return [stalled];
  const kind = kindNow(live, whole);
  if (kind !== 'none') return [flat(kind, ratesOf(whole))];
  if (past !== 'none' && past !== 'stalled') return [ofPast(past, kept)];
  const evidence = ratesOf(whole);
  const title = 'what is asked is answered';
  return [{ pattern, severity: 'ok', title, evidence, next: '' }];
}

function kindNow(live: readonly Sample[], whole: Interval): Flatline {
  const asked = offered(whole);
  const enough = (refused: number | undefined): boolean =>
    (refused ?? 0) >= refusedMin && (refused ?? 0) >= refusedShareMin * asked;
  if (enough(grown(whole, 'requestsOverloaded'))) return 'saturated';
  if (enough(grown(whole, 'requestsThrottled'))) return 'limited';
  const kind = flatline(pointsOf(intervalsOf(live, (whole.seconds * 1_000) / liveSteps)));
  return kind === 'stalled' ? 'none' : kind;
}

/** What came in: answers, refusals among them, and what is being answered more than before. */
function offered(interval: Interval): number {
  const { before, after } = interval;
  const more = (after.requestsInFlight ?? 0) - (before.requestsInFlight ?? 0);
  return Math.max(0, (grown(interval, 'requests') ?? 0) + more);
}

function achieved(interval: Interval): number {
  const refused = ['requestsThrottled', 'requestsOverloaded', 'requestsFailed', 'requestsAbandoned'] as const;
  const lost = refused.reduce((sum, counter) => sum + (grown(interval, counter) ?? 0), 0);
  return Math.max(0, (grown(interval, 'requests') ?? 0) - lost);
}

function latency(interval: Interval): number | undefined {
  return p99Ms(interval, 'commandSeconds') ?? p99Ms(interval, 'requestSeconds');
}

function pointsOf(intervals: readonly Interval[]) {
  return intervals.map((interval) => ({
    offered: offered(interval) / interval.seconds,
    achieved: achieved(interval) / interval.seconds,
    p99Ms: latency(interval) ?? 0,
  }));
}

/**
 * Commands, or requests that use the database, wait while not one is answered. A lone caller who sends slowly
 * is none of that: nothing of his waits in here.
 */
function stallOf(live: readonly Sample[]): Finding | undefined {
  const intervals = intervalsOf(live);
  const since = intervals.findLastIndex((interval) => !standsStill(interval)) + 1;
  const still = intervals.slice(since);
  const [first, last] = [still[0], still.at(-1)];
  if (first === undefined || last === undefined || still.length < 2) return undefined;
  const ms = last.after.atMs - first.before.atMs;
  if (ms < stallMsMin) return undefined;
  const { commandsUnanswered = 0, requestsInFlight = 0, databaseActive = 0 } = last.after;
  return {
    pattern,
    severity: 'critical',
    title: 'stalled: commands wait, and none is answered',
    evidence: [
      `no answer for ${inSpan(ms)}, since ${inTime(first.before.atMs)}`,
      `${commandsUnanswered} commands and ${requestsInFlight} requests wait, ` +
        `${databaseActive} connections to the database are busy`,
    ],
    next:
      commandsUnanswered > 0
        ? 'Look at what the log is written to: the disk (`dmesg`, `iostat -x 1`), or PostgreSQL with --log postgres.'
        : 'Look at the database: see slow_queries for what its statements wait for.',
  };
}

function standsStill(interval: Interval): boolean {
  const { before, after } = interval;
  const waits = (figure: 'commandsUnanswered' | 'databaseActive' | 'requestsInFlight') =>
    (before[figure] ?? 0) > 0 && (after[figure] ?? 0) > 0;
  const commands = waits('commandsUnanswered') && grown(interval, 'commandsAnswered') === 0;
  const reads =
    waits('databaseActive') &&
    waits('requestsInFlight') &&
    grown(interval, 'requests') === 0 &&
    grown(interval, 'commandsAnswered') === 0;
  return commands || reads;
}

function ratesOf(interval: Interval): readonly string[] {
  const { seconds, before } = interval;
  const rate = (counter: Parameters<typeof grown>[1]) =>
    `${inDigits((grown(interval, counter) ?? 0) / seconds)}/s`;
  const p99 = latency(interval);
  return [
    `${inDigits(offered(interval) / seconds)} requests/s came, ${inDigits(achieved(interval) / seconds)}/s were ` +
      `answered, over ${inSpan(seconds * 1_000)} from ${inTime(before.atMs)}`,
    `refused: ${rate('requestsThrottled')} by a rate (429), ${rate('requestsOverloaded')} by overload (503); ` +
      `failed ${rate('requestsFailed')}, left by their callers ${rate('requestsAbandoned')}`,
    `${rate('transitions')} transitions committed, p99 ${p99 === undefined ? 'unknown' : inSpan(p99)}`,
  ];
}

const words = {
  saturated: {
    title: 'saturated: more is asked than is answered, and answers take longer',
    next:
      'See cpu and slow_queries for what is full. Give it more of that, or send less: clients that heed ' +
      'Retry-After do. `npm run load -- PT04` finds where it breaks.',
  },
  limited: {
    title: 'limited: a bound turns away what is asked, though answers take no longer',
    next:
      'See which: 429 is a rate for each key or address (--rate-per-key and others, docs/limits-and-overload.md). ' +
      'Raise it where the caller is right, or have him send bulk requests.',
  },
} as const;

function flat(kind: 'saturated' | 'limited' | 'stalled', evidence: readonly string[]): Finding {
  const { title, next } = words[kind === 'stalled' ? 'saturated' : kind];
  return { pattern, severity: 'warning', title, evidence, next };
}

function ofPast(kind: Flatline, samples: readonly Sample[]): Finding {
  const whole = wholeOf(samples);
  const evidence = [
    ...(whole === undefined ? [] : ratesOf(whole)),
    `from the history, ${samples.length} samples, in steps of ${inSpan(historyStepMs)}`,
  ];
  if (kind === 'saturated' || kind === 'limited') {
    const { title, next } = words[kind];
    return { pattern, severity: 'notice', title: `within the last hour ${title}`, evidence, next };
  }
  return { pattern, severity: 'ok', title: 'what was asked was answered', evidence, next: '' };
}

function silent({ facts: { server }, history }: Seen): Finding {
  const last = history.at(-1);
  const noted = last === undefined ? 'it left no history' : `it last noted its state at ${inTime(last.atMs)}`;
  return {
    pattern,
    severity: 'critical',
    title: 'stalled: the server runs but does not answer',
    evidence: [`process ${server.pid} lives, and ${server.url} gave no answer within 2 s; ${noted}`],
    next:
      `See what it does (\`top -H -p ${server.pid}\`, \`cat /proc/${server.pid}/status\`: State T is stopped, ` +
      'D waits for a disk), then stop it by SIGTERM and start it again.',
  };
}
