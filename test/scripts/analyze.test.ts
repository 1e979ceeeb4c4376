/** `docket analyze` as an analyst runs it: in the terminal, as JSON, as a page, and with bad options. */
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { analyze } from '../../projections/analysis/analyze.ts';
import { project } from '../projections/databases.ts';
import { story } from '../projections/views/story.ts';
import { docketJsonWith, docketWith } from '../support/docket.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';

const folder = mkdtempSync(join(tmpdir(), 'docket-analyze-'));
let test: TestDatabase;
let settings: NodeJS.ProcessEnv;

beforeAll(async () => {
  test = await testDatabase();
  settings = { DATABASE_URL: test.url };
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await test.drop();
});

describe('docket analyze', () => {
  it('says what to do where there are no read models yet', async () => {
    const { code, stderr } = await docketWith(settings, 'analyze');
    expect(code).toBe(3);
    expect(stderr).toMatch(/docket projector --until-caught-up/);
  });

  it('prints a report, the same as JSON, and writes a page', async () => {
    await project(test.database, story(Date.now()));
    const { code, stdout } = await docketWith(settings, 'analyze', '--priority', 'low');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Docket analysis: 2026-03-02 to 2026-03-04, priority low\nAs of position \d+/);
    expect(stdout).toMatch(/full resolution +3 +6\.0 h/);

    const html = join(folder, 'report.html');
    const json = await docketJsonWith(settings, 'analyze', '--group', 'desk', '--html', html);
    const { askedAt: _, ...expected } = await analyze(test.database, { group: 'desk' });
    expect(json).toMatchObject(JSON.parse(JSON.stringify(expected)));
    expect(readFileSync(html, 'utf8')).toMatch(/^<!DOCTYPE html>(.|\n)*group desk/);
    expect(statSync(html).mode & 0o777).toBe(0o600);
  });

  it.each([
    [2, ['--from', '2026-02-30'], /--from.*YYYY-MM-DD/],
    [3, ['--group', 'dosk'], /--group "dosk": no ticket has it; there are .*desk/],
    [3, ['--html', join(folder, 'missing/report.html')], /--html .* can not be written/],
  ])('ends with %i for %j', async (expected, args, message) => {
    const { code, stdout, stderr } = await docketWith(settings, 'analyze', ...args);
    expect(code).toBe(expected);
    expect(stderr).toMatch(message);
    expect(stdout).toBe('');
  });
});
