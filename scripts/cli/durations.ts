/** Spans of time as people type them: `90d`, `24h`, `30m`. */
import { InvalidArgumentError } from 'commander';

const unitsMs: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 24 * 3_600_000 };
const pattern = /^(\d{1,6})([mhd])$/;

/** An option's value in milliseconds, at most `daysMax` days. */
export function duration(daysMax: number): (text: string) => number {
  return (text) => {
    const [, number, unit = ''] = pattern.exec(text) ?? [];
    const ms = Number(number) * (unitsMs[unit] ?? Number.NaN);
    if (ms <= daysMax * 24 * 3_600_000) return ms;
    throw new InvalidArgumentError(`It must be a time such as 90d, 24h or 30m, at most ${daysMax}d.`);
  };
}
