/**
 * Read models that fall behind the log: rows that get older and older while events go on coming. A lag that
 * comes and goes with the load is none.
 */
import type { Sample } from '../../measuring/sample.ts';
import { theilSen } from '../../statistics/theil-sen.ts';
import { type Finding, unseen } from '../finding.ts';
import { newestLife } from '../intervals.ts';
import type { Seen } from '../seen.ts';
import { inDigits, inSpan, inTime } from '../words.ts';

const pattern = 'lag_growing';
/** How far back is looked where nobody is there to be watched. */
const recentMs = 10 * 60_000;
/** With fewer no slope has a lower bound. */
const samplesMin = 5;
/** Rows of this age are normal: a batch is under way. */
const lagSecondsUsual = 2;
const lagSecondsCritical = 60;

const next =
  'See `docket projections status` for who keeps the read models, and cpu and slow_queries for what slows it ' +
  'down. A projector that hangs is ended by SIGTERM and started again by the server; nothing is lost.';

export function lagGrowing({ live, history, nowMs, noLive }: Seen): readonly Finding[] {
  const told = (samples: readonly Sample[]) =>
    newestLife(samples).filter(({ lagEvents }) => lagEvents !== undefined);
  const now = told(live);
  const samples = now.length > 0 ? now : told(history).filter(({ atMs }) => atMs >= nowMs - recentMs);
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined)
    return [unseen(pattern, noLive ?? 'no sample tells the lag')];
  const lagEvents = last.lagEvents ?? 0;
  const lagSeconds = last.lagSeconds ?? 0;
  const points = samples.map((sample) => ({ x: sample.atMs / 1_000, y: sample.lagEvents ?? 0 }));
  const { slope, low } = theilSen(points);
  const evidence = [
    `${inDigits(lagEvents)} events behind, the oldest waits for ${inSpan(lagSeconds * 1_000)}, at ${inTime(last.atMs)}`,
    `it changed by ${inDigits(Number.isNaN(slope) ? 0 : slope)} events/s over ` +
      `${inSpan(last.atMs - first.atMs)} (${samples.length} samples)`,
  ];
  if (last.projectorRunning === 0) {
    const title = 'no projector runs: rows stand still';
    return [{ pattern, severity: 'critical', title, evidence, next }];
  }
  const grows = samples.length >= samplesMin && low > 0 && lagSeconds >= lagSecondsUsual;
  if (grows || lagSeconds >= lagSecondsCritical) {
    const severity = lagSeconds >= lagSecondsCritical ? 'critical' : 'warning';
    const title = grows
      ? 'the read models fall further and further behind'
      : 'the read models are far behind';
    return [{ pattern, severity, title, evidence, next }];
  }
  return [{ pattern, severity: 'ok', title: 'the read models keep up', evidence, next: '' }];
}
