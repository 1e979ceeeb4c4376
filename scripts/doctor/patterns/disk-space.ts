/** Room for the log. Without it the log fails, and the server takes nothing more. */
import { theilSen } from '../../statistics/theil-sen.ts';
import { type Finding, unseen } from '../finding.ts';
import type { Seen } from '../seen.ts';
import { inBytes, inPercent, inSpan } from '../words.ts';

const pattern = 'disk_space';
const hourMs = 3_600_000;
/** A rebuild of the read models beside the live ones, and a day's log, fit into it. */
const freeBytesMin = 2 * 1024 ** 3;
const freeBytesCritical = 256 * 1024 ** 2;
const fullWithinHours = 24;
/** A trend over less says more about the moment than about the day. */
const trendMsMin = 600_000;
const next =
  'Free some, or move old segments away: `docket log compress`, `docket log archive --to FOLDER`. They stay readable.';

export function diskSpace({ facts: { disk }, history, live }: Seen): readonly Finding[] {
  if ('unseen' in disk) return [unseen(pattern, disk.unseen)];
  const { freeBytes, bytes } = disk.seen;
  const trend = trendOf([...history, ...live]);
  const evidence = [
    `${inBytes(freeBytes)} free of ${inBytes(bytes)} (${inPercent(freeBytes / bytes)})`,
    ...(trend === undefined
      ? []
      : [`it changed by ${inBytes(trend.perHour)}/h over ${inSpan(trend.overMs)}`]),
  ];
  const hoursLeft =
    trend !== undefined && trend.perHourAtMost < 0 ? freeBytes / -trend.perHour : Number.POSITIVE_INFINITY;
  if (freeBytes < freeBytesMin) {
    const severity = freeBytes < freeBytesCritical ? 'critical' : 'warning';
    return [{ pattern, severity, title: 'the disk of the data folder is nearly full', evidence, next }];
  }
  if (hoursLeft < fullWithinHours) {
    const title = `the disk of the data folder is full in ${inSpan(hoursLeft * hourMs)} if it goes on like this`;
    return [{ pattern, severity: 'warning', title, evidence, next }];
  }
  return [{ pattern, severity: 'ok', title: 'there is room on the disk', evidence, next: '' }];
}

function trendOf(samples: Seen['history']) {
  const points = samples.flatMap(({ atMs, diskFreeBytes }) =>
    diskFreeBytes === undefined ? [] : [{ x: atMs / hourMs, y: diskFreeBytes }],
  );
  const [first, last] = [points[0], points.at(-1)];
  const overMs = first === undefined || last === undefined ? 0 : (last.x - first.x) * hourMs;
  if (overMs < trendMsMin) return undefined;
  const { slope, high } = theilSen(points);
  return { perHour: slope, perHourAtMost: high, overMs };
}
