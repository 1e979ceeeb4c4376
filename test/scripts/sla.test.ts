/** `docket sla` as a person runs it: good policies are shown, bad ones are told where they are wrong. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { Fault } from '../../domain/errors.ts';
import { loadSla, readSla } from '../../scripts/runtime/sla.ts';
import { docket } from '../support/docket.ts';
import { calendars, gold } from '../support/sla.ts';

const folder = mkdtempSync(join(tmpdir(), 'docket-sla-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, content: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

async function mistakeIn(path: string): Promise<string> {
  const error: unknown = await readSla(path, calendars).catch((thrown: unknown) => thrown);
  if (!(error instanceof Fault)) throw new Error('expected a fault', { cause: error });
  expect(error.code).toBe('input_unreadable');
  return error.message;
}

it('shows what a file promises, and fails with the place of each mistake', async () => {
  const good = await docket('sla', 'check', file('good.json', { policies: [gold] }));
  expect(good.code).toBe(0);
  expect(good.stdout).toMatch(/gold@1 +every ticket +first_reply +high +60 min +every hour/);
  const office = file('office.json', { policies: [{ ...gold, calendar: 'office' }] });
  expect((await docket('sla', 'check', office, '--data-dir', folder)).stderr).toMatch(/calendar office/);
  const week = { name: 'office', timeZone: 'UTC', holidays: [] };
  const hours = { monday: [['09:00', '17:00']] };
  file('calendars.json', { calendars: [{ ...week, schedules: [{ from: '2026-01-01', hours }] }] });
  expect((await docket('sla', 'check', office, '--data-dir', folder)).stdout).toMatch(/960 min +office/);
  const targets = [{ metric: 'first_reply', minutes: 0.1, hours: 'calendar' }];
  const bad = await docket('sla', 'check', file('bad.json', { policies: [{ ...gold, targets }] }));
  expect(bad.code).toBe(3);
  expect(bad.stderr).toMatch(/policies\[0\]\.targets\[0\]\.minutes: .*0\.25/);
});

it('refuses what would be ambiguous, unknown or no JSON at all', async () => {
  const [first] = gold.targets;
  expect(await mistakeIn(file('twice.json', { policies: [gold, gold] }))).toMatch(/gold@1 is there already/);
  const twice = { ...gold, targets: [first, first] };
  expect(await mistakeIn(file('targets.json', { policies: [twice] }))).toMatch(
    /targets\[1\]: first_reply for priority high has a target already/,
  );
  const calendar = { ...gold, calendar: 'moon' };
  expect(await mistakeIn(file('calendar.json', { policies: [calendar] }))).toMatch(/names the calendar moon/);
  expect(await mistakeIn(file('typo.json', { policies: [{ ...gold, whem: {} }] }))).toMatch(/whem/);
  expect(await mistakeIn(file('text.json', 'policies:'))).toMatch(/is not JSON/);
  expect(await mistakeIn(join(folder, 'none.json'))).toMatch(/is not there/);
});

it('promises nothing where the data folder has no policies', async () => {
  expect(await loadSla(folder, calendars)).toBeUndefined();
  file('sla.json', { policies: [gold] });
  expect((await loadSla(folder, calendars))?.policies).toHaveLength(1);
  file('sla.json', '{');
  await expect(loadSla(folder, calendars)).rejects.toThrow('is not JSON');
});
