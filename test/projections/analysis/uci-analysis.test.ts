/**
 * An analysis of the first weeks of the real ServiceNow log against plain SQL over the events alone: who was
 * opened, resolved, closed and reopened when, and how long that took. The whole log is recomputed elsewhere.
 */
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { openInput } from '../../../adapters/imports/input-file.ts';
import { analyze } from '../../../projections/analysis/analyze.ts';
import { allEvents, importing, inTempFolder, newEngine } from '../../adapters/imports/uci-files.ts';
import { testDatabase } from '../../support/postgres.ts';
import { project } from '../databases.ts';

const shared = process.env.DOCKET_SHARED_DATA ?? join(import.meta.dirname, '../../../../shared/data');
const zip = join(shared, 'uci-incidents/incident_event_log.zip');
const missing = !existsSync(zip);
if (missing)
  console.info(`skipped: ${zip} is not there; set DOCKET_SHARED_DATA to the folder with uci-incidents/`);

const rowCount = 8_000;
const [from, to] = ['2016-03-01', '2016-03-10'];

/** One row per ticket, from its timeline; `at` is when something first or last happened to it. */
const plain = `WITH timeline AS (
  SELECT *, lag(status) OVER (PARTITION BY ticket_id ORDER BY revision) AS before FROM docket.ticket_event
), ticket AS (
  SELECT ticket_id, min(occurred_at) FILTER (WHERE revision = 1) AS opened,
    min(occurred_at) FILTER (WHERE status IN ('resolved', 'closed')) AS first_resolved,
    max(occurred_at) FILTER (WHERE type = 'TicketResolved') AS last_resolved,
    min(occurred_at) FILTER (WHERE status = 'closed') AS closed,
    count(*) FILTER (WHERE before = 'resolved' AND status IN ('new', 'in_progress', 'on_hold')) AS reopens
  FROM timeline GROUP BY ticket_id
), month AS (SELECT $1::timestamptz AS first, $2::timestamptz AS next)
SELECT count(*) FILTER (WHERE opened >= first AND opened < next) AS opened,
  count(*) FILTER (WHERE first_resolved >= first AND first_resolved < next) AS resolved,
  count(*) FILTER (WHERE closed >= first AND closed < next) AS closed,
  count(*) FILTER (WHERE first_resolved >= first AND first_resolved < next AND reopens > 0) AS "everReopened",
  count(*) FILTER (WHERE opened < first AND (first_resolved IS NULL OR first_resolved >= first)) AS before,
  (SELECT count(*) FROM timeline, month WHERE before = 'resolved' AND status IN ('new', 'in_progress', 'on_hold')
    AND occurred_at >= first AND occurred_at < next) AS reopened,
  percentile_cont(0.9) WITHIN GROUP (ORDER BY extract(epoch FROM first_resolved - opened) * 1000)
    FILTER (WHERE first_resolved >= first AND first_resolved < next) AS p90
FROM ticket, month`;

test.skipIf(missing)(
  'an analysis of the real log agrees with plain SQL over its events',
  async () => {
    const { engine, log } = newEngine();
    await importing(await firstRows(), { sink: engine });
    const { database, drop } = await testDatabase();
    try {
      await project(database, await allEvents(log));
      const found = await analyze(database, { from, to });
      const flow = Object.fromEntries(found.flow.map(({ name, value }) => [name, value]));
      const [expected] = await database.query<Record<string, number>>(plain, [from, '2016-03-11']);

      expect(expected?.opened).toBeGreaterThan(500);
      expect(flow).toMatchObject({
        opened: expected?.opened,
        resolved: expected?.resolved,
        closed: expected?.closed,
        reopened: expected?.reopened,
        // No ticket that was resolved before the period was reopened before it.
        backlog_before: expected?.before,
      });
      const reopened = found.quality.find(({ name }) => name === 'reopened');
      expect(reopened).toMatchObject({ part: expected?.everReopened, of: expected?.resolved });
      const resolution = found.durations.find(({ name }) => name === 'first_resolution');
      expect(resolution?.calendar?.p90).toBeCloseTo(expected?.p90 ?? -1, 3);

      const claims = found.sourceClaims?.counts.find(({ name }) => name === 'reassignments');
      expect(claims?.tickets).toBe(expected?.resolved);
      expect(claims?.claimed).toBeGreaterThanOrEqual(claims?.rebuilt ?? 0);
    } finally {
      await drop();
    }
  },
  120_000,
);

async function firstRows(): Promise<string> {
  const lines: string[] = [];
  const source = Readable.from(openInput({ file: zip, entry: 'incident_event_log.csv' }));
  for await (const line of createInterface({ input: source })) {
    lines.push(line);
    if (lines.length > rowCount) break;
  }
  const file = await inTempFolder('first.csv');
  await writeFile(file, `${lines.join('\n')}\n`);
  return file;
}
