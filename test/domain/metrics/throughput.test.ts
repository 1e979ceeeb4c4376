/** Where windows begin. */
import { expect, it } from 'vitest';
import { windowStart } from '../../../domain/metrics/throughput.ts';

it.each([
  ['second', '2026-03-02T09:41:27.000Z'],
  ['minute', '2026-03-02T09:41:00.000Z'],
  ['hour', '2026-03-02T09:00:00.000Z'],
  ['day', '2026-03-02T00:00:00.000Z'],
] as const)('a %s begins at a whole multiple of its length, in UTC', (window, expected) => {
  const at = Date.parse('2026-03-02T09:41:27.345Z');
  expect(new Date(windowStart(window, at)).toISOString()).toBe(expected);
  expect(windowStart(window, windowStart(window, at))).toBe(windowStart(window, at));
});

it('windows before 1970 begin before their times too', () => {
  expect(windowStart('minute', -1)).toBe(-60_000);
});
