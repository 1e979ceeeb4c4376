/** Times as other systems write them: formats, zones, and the hours that clocks skip or repeat. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isTimeFormat, timeReader } from '../../../adapters/imports/case-times.ts';

const utc = (text: string) => Date.parse(text);

describe('formats', () => {
  test.each([
    ['iso', '2016-03-01', '2016-03-01T00:00:00Z'],
    ['iso', '2016-03-01T08:10:00.1239999+01:00', '2016-03-01T07:10:00.123Z'],
    ['iso', '2016-03-01 08:10:00-0530', '2016-03-01T13:40:00Z'],
    ['iso', '+012016-03-01T08:10:00.000+00:00', '+012016-03-01T08:10:00.000Z'],
    ['epoch-ms', '1456819200001', '2016-03-01T08:00:00.001Z'],
    ['epoch-s', '1456819200.25', '2016-03-01T08:00:00.250Z'],
    ['d/M/yyyy HH:mm', '29/2/2016 01:16', '2016-02-29T01:16:00Z'],
    ["yyyyMMdd'T'HHmmss", '20160301T081059', '2016-03-01T08:10:59Z'],
    ['MM/dd/yyyy h:mm:ss a', '03/01/2016 12:05:06 AM', '2016-03-01T00:05:06Z'],
    ['yyyy/MM/dd HH:mm:ss.SSS', '2016/03/01 08:10:00.007', '2016-03-01T08:10:00.007Z'],
  ])('%s reads %s', (format, text, expected) => {
    expect(timeReader(format, 'UTC')(text)).toBe(utc(expected));
  });

  test.each([
    ['iso', '2016-02-30'],
    ['iso', '2016-03-01T24:00:00Z'],
    ['iso', ' 2016-03-01'],
    ['epoch-ms', '1e9'],
    ['d/M/yyyy HH:mm', '31/4/2016 10:00'],
    ['d/M/yyyy HH:mm', '1/4/2016 10:00:00'],
    ['MM/dd/yyyy h:mm a', '03/01/2016 13:05 PM'],
  ])('%s does not read %s', (format, text) => {
    expect(timeReader(format, 'UTC')(text)).toBeUndefined();
  });

  test('patterns without a day, with a part twice or with letters that mean nothing are none', () => {
    for (const format of ['HH:mm', 'd/M/yyyy d', 'yyyy-MM-dd hh:mm', 'yyyy-MM-dd X', 'x'.repeat(200)]) {
      expect(isTimeFormat(format), format).toBe(false);
    }
  });
});

describe('local times', () => {
  const berlin = timeReader('yyyy-MM-dd HH:mm', 'Europe/Berlin');

  test.each([
    ['in winter', '2016-01-15 12:00', '2016-01-15T11:00:00Z'],
    ['in summer', '2016-07-15 12:00', '2016-07-15T10:00:00Z'],
    ['before a gap', '2016-03-27 01:59', '2016-03-27T00:59:00Z'],
    ['in a gap, as if clocks had not been set yet', '2016-03-27 02:30', '2016-03-27T01:30:00Z'],
    ['after a gap', '2016-03-27 03:00', '2016-03-27T01:00:00Z'],
    ['that come twice, as the first', '2016-10-30 02:30', '2016-10-30T00:30:00Z'],
    ['after the second', '2016-10-30 03:00', '2016-10-30T02:00:00Z'],
  ])('%s', (_, text, expected) => {
    expect(berlin(text)).toBe(utc(expected));
  });

  test('an offset in the text wins over the zone', () => {
    expect(timeReader('iso', 'Asia/Kolkata')('2016-01-15T12:00:00+02:00')).toBe(utc('2016-01-15T10:00:00Z'));
    expect(timeReader('iso', 'Asia/Kolkata')('2016-01-15T12:00:00')).toBe(utc('2016-01-15T06:30:00Z'));
  });

  test('every instant is found again from what clocks show, or an hour before where they show it twice', () => {
    const zones = [
      'America/New_York',
      'Australia/Lord_Howe',
      'Asia/Kathmandu',
      'Pacific/Apia',
      'Africa/Monrovia',
    ];
    const instant = fc.integer({ min: utc('1960-01-01T00:00:00Z'), max: utc('2030-01-01T00:00:00Z') });
    fc.assert(
      fc.property(fc.constantFrom(...zones), instant, (timeZone, at) => {
        const shown = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' });
        const read = timeReader('iso', timeZone)(shown.format(at));
        const back = Math.floor(at / 1_000) * 1_000 - (read ?? 0);
        expect([0, 30 * 60_000, 3_600_000]).toContain(back);
        expect(shown.format(read)).toBe(shown.format(at));
      }),
      { numRuns: 300 },
    );
  });
});
