/** The file calendars.json of a data folder, as the projector reads it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { everyHourCounts } from '../../../domain/metrics/calendars.ts';
import { loadCalendars } from '../../../scripts/runtime/calendars.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'docket-calendars-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('calendars.json', () => {
  it('may be missing: then every hour counts', async () => {
    expect(await loadCalendars(folder)).toBe(everyHourCounts);
  });

  it('says which hours count', async () => {
    const hours = { monday: [['09:00', '17:00']] };
    const office = { name: 'office', timeZone: 'UTC', schedules: [{ from: '2016-01-01', hours }] };
    const text = JSON.stringify({ default: 'office', calendars: [office] });
    await writeFile(join(folder, 'calendars.json'), text);
    const calendar = (await loadCalendars(folder)).of('anybody');
    expect(calendar.businessMs(Date.UTC(2026, 2, 2), Date.UTC(2026, 2, 9))).toBe(8 * 3_600_000);
  });

  it.each([
    ['{"default": "office"}', 'default: there is no calendar office'],
    ['{"default": ', 'JSON'],
  ])('is refused by name when it holds %s', async (text, message) => {
    await writeFile(join(folder, 'calendars.json'), text);
    const loading = loadCalendars(folder);
    await expect(loading).rejects.toThrow(`${join(folder, 'calendars.json')}: `);
    await expect(loading).rejects.toThrow(message);
    await expect(loading).rejects.toMatchObject({ code: 'input_unreadable' });
  });
});
