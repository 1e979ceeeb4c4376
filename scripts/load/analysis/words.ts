/** Figures in words, for verdicts and summaries: as exact as they are read, and no more. */

export function rate(perSecond: number): string {
  return `${rounded(perSecond)}/s`;
}

export function milliseconds(ms: number): string {
  return `${rounded(ms)} ms`;
}

export function seconds(value: number): string {
  return `${rounded(value)} s`;
}

/** Of a share between 0 and 1; small ones keep two digits, because an error budget is small. */
export function percent(share: number): string {
  const value = 100 * share;
  return `${value !== 0 && Math.abs(value) < 1 ? Number(value.toPrecision(2)) : Math.round(value)} %`;
}

export function bytes(value: number): string {
  const mebibytes = value / 1024 ** 2;
  return Math.abs(mebibytes) >= 1024 ? `${(mebibytes / 1024).toFixed(1)} GiB` : `${rounded(mebibytes)} MiB`;
}

/** Three digits of small numbers, whole large ones. */
export function rounded(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en');
  return String(Number(value.toPrecision(3)));
}

/** A reason as the end of a sentence; some are whole sentences already. */
export function ended(reason: string): string {
  return reason.endsWith('.') ? reason : `${reason}.`;
}
