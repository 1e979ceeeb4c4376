/** Figures as people read them: durations in the unit that fits, shares in percent, nothing as a dash. */

export const nothing = '–';

const secondMs = 1_000;
const minuteMs = 60_000;
const hourMs = 3_600_000;
const dayMs = 86_400_000;

/** Milliseconds as 12 s, 45 min, 3.2 h or 2.1 d. */
export function duration(ms: number | null): string {
  if (ms === null) return nothing;
  if (ms === 0) return '0';
  if (ms < minuteMs) return `${(ms / secondMs).toFixed(ms < 10 * secondMs ? 1 : 0)} s`;
  if (ms < 100 * minuteMs) return `${Math.round(ms / minuteMs)} min`;
  if (ms < 48 * hourMs) return `${(ms / hourMs).toFixed(1)} h`;
  return `${grouped(ms / dayMs, 1)} d`;
}

/** As `duration`, but never in days: a day of business has as many hours as its calendar says. */
export function businessDuration(ms: number | null): string {
  return ms === null || ms < 48 * hourMs ? duration(ms) : `${grouped(ms / hourMs, 1)} h`;
}

/** A share from 0 to 1 in percent. */
export function percent(share: number | null): string {
  if (share === null) return nothing;
  if (share > 0 && share < 0.0005) return '<0.1 %';
  // Nearly all is not all.
  if (share < 1 && share >= 0.9995) return '>99.9 %';
  return `${(share * 100).toFixed(1)} %`;
}

export function whole(value: number): string {
  return grouped(value, 0);
}

/** How keys without a value are told. */
export function orNone(value: string): string {
  return value === '' ? '(none)' : value;
}

/** An instant in UTC, to the second. */
export function instantLabel(epochMs: number): string {
  const date = new Date(epochMs);
  return Number.isNaN(date.getTime()) ? nothing : `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

function grouped(value: number, digits: number): string {
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
