/**
 * Statements of the database that take longer than anybody should wait: from what PostgreSQL remembers of
 * them, from what it is doing now, and from how long the server waited for its own.
 */
import { type Finding, unseen } from '../finding.ts';
import { p99Ms, wholeOf } from '../intervals.ts';
import type { RunningStatement, Seen, SlowStatement } from '../seen.ts';
import { inDigits, inOneLine, inSpan, inTime } from '../words.ts';

const pattern = 'slow_queries';
/** The bound that load tests hold the database to. */
export const slowMs = 500;
const shown = 5;

const next =
  'Run EXPLAIN (ANALYZE, BUFFERS) on it with `psql`. For what waits for a lock, see whether whoever holds it ' +
  'is needed, and end it with SELECT pg_terminate_backend(pid).';

export function slowQueries({ facts: { database }, live, history, noLive }: Seen): readonly Finding[] {
  const served = p99OfServer(live.length > 0 ? live : history);
  if ('unseen' in database) {
    const why = `${database.unseen}; ${noLive ?? 'no sample tells how long statements take'}`;
    if (served === undefined) return [unseen(pattern, why)];
    const evidence = [served.evidence, database.unseen];
    return [served.slow ? slow('warning', evidence) : fast(evidence)];
  }
  const { statements, running } = database.seen;
  const told = 'unseen' in statements ? [] : statements.seen.statements;
  const now = [
    ...running.filter(({ runningMs }) => runningMs >= slowMs).map(runningInWords),
    ...told.filter(({ watchedMeanMs }) => watchedMeanMs >= slowMs).map(watchedInWords),
  ];
  const before = told.filter(({ meanMs, watchedMeanMs }) => meanMs >= slowMs && watchedMeanMs < slowMs);
  const source =
    'unseen' in statements
      ? `not known: ${statements.unseen}`
      : `${statements.seen.source}, ${statements.seen.over}`;
  const about = [
    ...(served === undefined ? [] : [served.evidence]),
    `what runs now: pg_stat_activity; what ran before: ${source}`,
  ];
  const lines = [...now, ...before.map(inWords)].slice(0, shown);
  if (now.length > 0 || served?.slow === true) return [slow('warning', [...lines, ...about])];
  return [before.length > 0 ? slow('notice', [...lines, ...about]) : fast(about)];
}

function runningInWords(statement: RunningStatement): string {
  const { pid, application, runningMs, waitsFor, blockedBy, text } = statement;
  const waiting = waitsFor === '' ? '' : `, waits for ${waitsFor}`;
  const blocked = blockedBy.length === 0 ? '' : ` held by process ${blockedBy.join(' and ')}`;
  return `ran for ${inSpan(runningMs)} (process ${pid}, ${application}${waiting}${blocked}): ${inOneLine(text)}`;
}

function watchedInWords({ watchedCalls, watchedMeanMs, text }: SlowStatement): string {
  return `${inSpan(watchedMeanMs)} on average, ${inDigits(watchedCalls)} times while watching: ${inOneLine(text)}`;
}

function inWords({ calls, meanMs, text }: SlowStatement): string {
  return `${inSpan(meanMs)} on average, ${inDigits(calls)} times: ${inOneLine(text)}`;
}

function p99OfServer(samples: Seen['live']): { evidence: string; slow: boolean } | undefined {
  const whole = wholeOf(samples);
  const ms = whole === undefined ? undefined : p99Ms(whole, 'databaseSeconds');
  if (whole === undefined || ms === undefined) return undefined;
  const over = `over ${inSpan(whole.seconds * 1_000)} from ${inTime(whole.before.atMs)}`;
  return { evidence: `p99 of the server's own statements ${inSpan(ms)}, ${over}`, slow: ms >= slowMs };
}

function slow(severity: 'warning' | 'notice', evidence: readonly string[]): Finding {
  const when = severity === 'warning' ? 'take' : 'took, some time ago,';
  return { pattern, severity, title: `statements of the database ${when} over ${slowMs} ms`, evidence, next };
}

function fast(evidence: readonly string[]): Finding {
  return { pattern, severity: 'ok', title: 'no statement of the database is slow', evidence, next: '' };
}
