/** How findings tell figures: as a person reads them, with their units, and times that can be looked up. */

const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'] as const;
const secondMs = 1_000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;

export function inBytes(bytes: number): string {
  const steps = bytes === 0 ? 0 : Math.floor(Math.log2(Math.abs(bytes)) / 10);
  const step = Math.min(Math.max(steps, 0), units.length - 1);
  return `${inDigits(bytes / 1_024 ** step)} ${units[step]}`;
}

/** Three digits, as more would be noise. */
export function inDigits(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en');
  return String(Number(value.toPrecision(3)));
}

export function inPercent(share: number): string {
  return `${inDigits(share * 100)} %`;
}

export function inSpan(ms: number): string {
  if (ms < 2 * secondMs) return `${inDigits(ms)} ms`;
  if (ms < 2 * minuteMs) return `${inDigits(ms / secondMs)} s`;
  return ms < 2 * hourMs ? `${inDigits(ms / minuteMs)} min` : `${inDigits(ms / hourMs)} h`;
}

/** UTC, to the second. */
export function inTime(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 19)}Z`;
}

/** One line of at most so many characters, for statements and the like. */
export function inOneLine(text: string, charactersMax = 120): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length <= charactersMax ? line : `${line.slice(0, charactersMax - 1)}…`;
}
