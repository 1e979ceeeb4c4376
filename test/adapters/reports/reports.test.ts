/**
 * Reports from an analysis, also of a desk whose names are markup: the page must be well-formed whatever the
 * names are, hold nothing that the names brought along, and be drawn by a browser where there is one.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { SaxesParser } from 'saxes';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildReport } from '../../../adapters/reports/build-report.ts';
import { businessDuration, duration, percent } from '../../../adapters/reports/format.ts';
import { reportPage } from '../../../adapters/reports/page.ts';
import type { Report } from '../../../adapters/reports/report.ts';
import type { Analysis } from '../../../projections/analysis/analysis.ts';
import { analyze } from '../../../projections/analysis/analyze.ts';
import { project } from '../../projections/databases.ts';
import { commandOf, Recorder } from '../../projections/histories.ts';
import { hour } from '../../projections/views/story.ts';
import { type TestDatabase, testDatabase } from '../../support/postgres.ts';
import { monday9 } from '../../support/tickets.ts';

const nastyGroup = '<script>alert("1")</script>';
const nastyAgent = `a'b"&amp;<b>\u0001`;
const nastyCategory = ']]><img src=x onerror=alert(1)>';

let test: TestDatabase;
let analysis: Analysis;
let page: string;

beforeAll(async () => {
  test = await testDatabase();
  const recorder = new Recorder();
  const told = [
    [
      'OpenTicket',
      'requester',
      {
        requester: 'rita',
        fields: { category: nastyCategory, priority: '"high"', made_sla: true, reassignment_count: 3 },
      },
    ],
    ['AssignTicket', 'lead', { agent: nastyAgent, group: nastyGroup }],
    ['AssignTicket', 'lead', { agent: 'bea', group: 'desk' }],
    ['AssignTicket', 'lead', { agent: nastyAgent, group: nastyGroup }],
    ['ResolveTicket', 'agent', { code: 'fixed', notes: 'New bulb.' }],
    ['RateTicket', 'requester', { rating: 'bad' }],
    ['RateTicket', 'requester', { rating: 'good' }],
  ] as const;
  for (const [index, [type, role, data]] of told.entries()) {
    expect(recorder.submit(commandOf('T-1', type, role, data, monday9 + index * hour)), type).toBe(true);
  }
  const waiting = { requester: 'bob', fields: { category: 'lamp' } };
  expect(recorder.submit(commandOf('T-2', 'OpenTicket', 'requester', waiting, monday9))).toBe(true);
  await project(test.database, recorder.events);
  analysis = await analyze(test.database, { from: '2026-03-01', to: '2026-03-03' });
  page = reportPage(buildReport(analysis));
});
afterAll(() => test.drop());

interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** All elements and texts of a page; throws where it is not well-formed. */
function parsed(text: string): { readonly elements: readonly Element[]; readonly texts: readonly string[] } {
  const elements: Element[] = [];
  const texts: string[] = [];
  const parser = new SaxesParser();
  parser.on('opentag', ({ name, attributes }) => elements.push({ name, attributes }));
  parser.on('text', (each) => texts.push(each));
  parser.on('error', (error) => {
    throw error;
  });
  parser.write(text).close();
  return { elements, texts };
}

describe('the page', () => {
  it('is well-formed, and what names bring along stays text', () => {
    const { elements, texts } = parsed(page);
    const names = new Set(elements.map(({ name }) => name));
    for (const forbidden of ['script', 'img', 'b', 'link', 'iframe']) expect(names).not.toContain(forbidden);
    expect(
      elements.flatMap(({ attributes }) => Object.keys(attributes)).filter((name) => name.startsWith('on')),
    ).toEqual([]);
    expect(texts).toContain(nastyGroup);
    expect(texts).toContain(nastyCategory);
    expect(texts).toContain(nastyAgent.replace('\u0001', '\ufffd'));
  });

  it('needs nothing from anywhere', () => {
    const { elements } = parsed(page);
    const addresses = elements.flatMap(({ attributes }) =>
      [attributes.href, attributes.src].filter((each) => each !== undefined),
    );
    expect(addresses.length).toBeGreaterThan(5);
    expect(addresses.every((address) => address.startsWith('#'))).toBe(true);
    expect(page).not.toMatch(/url\(|@import/);
    const policy = elements.find(({ attributes }) => attributes['http-equiv'] === 'Content-Security-Policy');
    expect(policy?.attributes.content).toBe("default-src 'none'; style-src 'unsafe-inline'");
  });

  it('has a title and a description for each chart, ids that are its own, and a table beside it', () => {
    const { elements } = parsed(page);
    const ids = elements.flatMap(({ attributes }) => attributes.id ?? []);
    expect(new Set(ids).size).toBe(ids.length);
    const charts = elements.filter(({ name }) => name === 'svg');
    expect(charts.length).toBeGreaterThan(6);
    for (const { attributes } of charts) {
      expect(attributes.role).toBe('img');
      for (const id of attributes['aria-labelledby']?.split(' ') ?? ['none']) expect(ids).toContain(id);
    }
    const report = buildReport(analysis);
    for (const { id, charts, tables } of report.sections) {
      if (charts.length > 0) expect(tables.length, id).toBeGreaterThan(0);
    }
  });

  it('never draws outside of a number', () => {
    expect(page).not.toMatch(/NaN|Infinity|undefined|null/);
  });

  it('says of an empty period that it is empty, and what is known', async () => {
    const empty = buildReport(await analyze(test.database, { from: '2025-01-01', to: '2025-01-31' }));
    expect(empty.remarks[0]).toMatch(/Nothing happened in the period.* from 2026-03-02 to 2026-03-02/);
    expect(() => parsed(reportPage(empty))).not.toThrow();
  });
});

const browser = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
if (browser === undefined) console.info('skipped: no chromium to draw the page with');

it.skipIf(browser === undefined)(
  'a browser draws the page',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'docket-report-'));
    const [file, picture] = [join(folder, 'report.html'), join(folder, 'report.png')];
    try {
      writeFileSync(file, page);
      const options = [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        `--user-data-dir=${join(folder, 'profile')}`,
      ];
      const run = [...options, '--window-size=1000,3000', `--screenshot=${picture}`, `file://${file}`];
      await promisify(execFile)(browser ?? '', run, { timeout: 50_000 });
      expect(readFileSync(picture).subarray(1, 4).toString()).toBe('PNG');
      // A page of one colour would be a few kilobytes.
      expect(statSync(picture).size).toBeGreaterThan(50_000);
    } finally {
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    }
  },
  60_000,
);

describe('what the source claims', () => {
  it('stands beside what its log shows', () => {
    expect(analysis.sourceClaims).toMatchObject({
      counts: [
        {
          name: 'reassignments',
          tickets: 1,
          claimed: 3,
          rebuilt: 2,
          equal: 0,
          claimedMore: 1,
          rebuiltMore: 0,
        },
      ],
      madeSla: [{ madeSla: true, tickets: 1, p50: 4 * hour }],
    });
    const report: Report = buildReport(analysis);
    expect(report.sections.find(({ id }) => id === 'claims')?.tables).toHaveLength(2);
  });
});

describe('satisfaction and promises', () => {
  it('are told where there are any', () => {
    expect(analysis.satisfaction?.map(({ name, part, of }) => [name, part, of])).toEqual([
      ['rated', 1, 1],
      ['last_good', 1, 1],
      ['first_good', 0, 1],
      ['good_to_bad', 0, 1],
      ['bad_to_good', 1, 1],
    ]);
    const promise = { metric: 'first_reply', policy: 'gold', policyVersion: '1', priority: '', clocks: 4 };
    const row = { ...promise, fulfilledInTime: 2, breached: 1, attainment: 2 / 3 };
    const { sections } = buildReport({ ...analysis, sla: { total: 2, rows: [row] } });
    const [table] = sections.find(({ id }) => id === 'sla')?.tables ?? [];
    expect(table).toMatchObject({ rows: [['first_reply', 'gold', '1', '(none)', 4, 2, 1, '66.7 %']] });
    expect(table?.note).toBe('the first 1 of 2');
    expect(sections.map(({ id }) => id)).toEqual([
      ...['flow', 'times', 'quality', 'sla', 'ageing', 'by-group', 'by-priority', 'by-category', 'process'],
      'claims',
    ]);
  });
});

describe('figures', () => {
  it.each([
    [null, '–'],
    [0, '0'],
    [900, '0.9 s'],
    [42_000, '42 s'],
    [45 * 60_000, '45 min'],
    [3.2 * hour, '3.2 h'],
    [50.4 * hour, '2.1 d'],
  ])('%s ms are %s', (ms, text) => {
    expect(duration(ms)).toBe(text);
  });

  it('of business never become days, and nearly all never becomes all', () => {
    expect(businessDuration(50.4 * hour)).toBe('50.4 h');
    expect([percent(0.99996), percent(1), percent(0.0001), percent(0), percent(null)]).toEqual([
      '>99.9 %',
      '100.0 %',
      '<0.1 %',
      '0.0 %',
      '–',
    ]);
  });
});
