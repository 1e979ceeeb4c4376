/**
 * Figures of a report as people read them, with their units. The scales of the units are data, because the
 * axes of the charts are labelled in the browser and must say the same as the tables beside them.
 */
import { nothing } from '../../../adapters/reports/format.ts';

/** From `below` on the next scale holds; the last one has none. */
interface Scale {
  readonly below?: number;
  readonly times: number;
  readonly word: string;
}

const kibi = 1_024;

export const units = {
  ms: [
    { below: 1, times: 1_000, word: ' µs' },
    { below: 1_000, times: 1, word: ' ms' },
    { times: 0.001, word: ' s' },
  ],
  seconds: [
    { below: 1, times: 1_000, word: ' ms' },
    { below: 120, times: 1, word: ' s' },
    { below: 7_200, times: 1 / 60, word: ' min' },
    { times: 1 / 3_600, word: ' h' },
  ],
  rate: [{ times: 1, word: '/s' }],
  share: [{ times: 100, word: ' %' }],
  bytes: [
    { below: kibi, times: 1, word: ' B' },
    { below: kibi ** 2, times: 1 / kibi, word: ' KiB' },
    { below: kibi ** 3, times: 1 / kibi ** 2, word: ' MiB' },
    { times: 1 / kibi ** 3, word: ' GiB' },
  ],
  count: [{ times: 1, word: '' }],
} as const satisfies Readonly<Record<string, readonly Scale[]>>;
export type Unit = keyof typeof units;

/** Three digits below a hundred, whole numbers above: more is noise. A dash where there is nothing. */
export function figure(unit: Unit, value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return nothing;
  if (value === 0) return unit === 'share' ? '0 %' : '0';
  const scales: readonly Scale[] = units[unit];
  const fits = ({ below = Number.POSITIVE_INFINITY }: Scale) => Math.abs(value) < below;
  const { times, word } = scales.find(fits) ?? { times: 1, word: '' };
  const scaled = value * times;
  const digits = Math.abs(scaled) < 100 ? { maximumSignificantDigits: 3 } : { maximumFractionDigits: 0 };
  return `${scaled.toLocaleString('en', digits)}${word}`;
}

/** A time of the run, such as 2:05 or 1:02:05. */
export function clock(second: number): string {
  const whole = Math.floor(second);
  const two = (value: number) => String(value).padStart(2, '0');
  const [hours, minutes] = [Math.floor(whole / 3_600), Math.floor(whole / 60) % 60];
  return hours === 0 ? `${minutes}:${two(whole % 60)}` : `${hours}:${two(minutes)}:${two(whole % 60)}`;
}

/** A length of time between two instants, in words; a dash where one of them is none. */
export function lengthBetween(from: string, to: string): string {
  return figure('seconds', (Date.parse(to) - Date.parse(from)) / 1_000);
}
