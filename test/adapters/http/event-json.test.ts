/** Times in answers, which are made by hand, held against the ones that Date makes. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isoTime } from '../../../adapters/http/event-json.ts';

test('times are written as Date writes them, whatever was written before', () => {
  const furthest = 8.64e15;
  const now = Date.UTC(2026, 10, 21);
  const time = fc.oneof(
    fc.integer({ min: -furthest, max: furthest }),
    fc.integer({ min: now - 200_000_000, max: now + 200_000_000 }),
    fc.constantFrom(furthest, -furthest, 0, -1, now, now - 1, 1.5, -1.5),
  );
  fc.assert(
    fc.property(fc.array(time, { minLength: 1, maxLength: 20 }), (times) => {
      expect(times.map(isoTime)).toEqual(times.map((each) => new Date(each).toISOString()));
    }),
    { numRuns: 500 },
  );
});

test('what is no time is refused', () => {
  for (const none of [Number.NaN, Number.POSITIVE_INFINITY, 8.65e15])
    expect(() => isoTime(none)).toThrow(RangeError);
});
