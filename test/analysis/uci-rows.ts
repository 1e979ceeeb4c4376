/**
 * The real UCI incident log as plain rows in PostgreSQL, and what they say of each incident, told in SQL. It
 * shares nothing with the product but the unpacking of the zip: no planning of the importer, no fold, no
 * metric.
 *
 * The translation that it stands on:
 * - A row that the importer rejected (by line number, from the file of rejects) tells nothing.
 * - An incident opens at opened_at of its first row, new, with nobody, and with that row's fields. From
 *   sys_updated_at of a row on, everything is as the row has it: rows follow each other in the file's order.
 * - Times are UTC. New is new, Active is in_progress (category open), Awaiting … is on_hold (category hold),
 *   Resolved and Closed are themselves. '?' is nothing.
 * - What a row says holds in this order: status, then group and agent, then fields; only a row that closes
 *   its incident closes it last.
 * - Times that run backwards count from the change before: an incident has one clock, which every change of
 *   status, group, agent or priority sets, and which never goes back.
 */
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { openInput } from '../../adapters/imports/input-file.ts';
import type { Database } from '../../projections/sql.ts';
import { businessMs } from './business-hours.ts';

/** Loads the zip and the file of rejects into `source.raw` and `source.rejected`. */
export async function loadRows(database: Database, zip: string, rejects: string): Promise<void> {
  const lines = (await text(openInput({ file: zip, entry: 'incident_event_log.csv' }))).split(/\r?\n/);
  const columns = lines[0]?.split(',') ?? [];
  const refused = (await readFile(rejects, 'utf8')).split('\n').filter((line) => line !== '');
  await database.transaction(async (sql) => {
    await sql.execute('CREATE SCHEMA source');
    await sql.execute(`CREATE TABLE source.raw (line integer, ${columns.map((name) => `${name} text`)})`);
    await sql.execute('CREATE TABLE source.rejected (line integer)');
    await sql.copyIn('source.raw', ['line', ...columns], cellsOf(lines));
    await sql.copyIn(
      'source.rejected',
      ['line'],
      refused.map((each) => [JSON.parse(each).line]),
    );
  });
}

/** No cell of this file is quoted, so that a comma is always the end of one. */
function* cellsOf(lines: readonly string[]): Generator<readonly (string | number)[]> {
  for (const [index, line] of lines.entries()) {
    if (index > 0 && line !== '') yield [index + 1, ...line.split(',')];
  }
}

const told = (column: string) =>
  `to_timestamp(${column}, 'DD/MM/YYYY HH24:MI')::timestamp AT TIME ZONE 'UTC'`;
const given = (column: string) => `nullif(${column}, '?')`;

/** Columns that an incident's ticket keeps as fields, beside status, group, agent and caller. */
const fieldColumns = `opened_by, sys_created_by, sys_created_at, contact_type, location, category, subcategory,
      u_symptom, cmdb_ci, impact, urgency, priority, notify, problem_id, rfc, vendor, caused_by, active, made_sla,
      knowledge, u_priority_confirmation, reassignment_count, reopen_count`;

const statuses = `CASE WHEN claimed = 'New' THEN 'new' WHEN claimed = 'Active' THEN 'in_progress'
    WHEN claimed LIKE 'Awaiting %' THEN 'on_hold' ELSE lower(claimed) END`;
const categories = `CASE status WHEN 'in_progress' THEN 'open' WHEN 'on_hold' THEN 'hold' ELSE status END`;

/**
 * What every told row and opening up to `until` says, beside what the one before it said: `source.told`. And
 * those of them that change status, group, agent or priority, by the incident's clock: `source.change`.
 */
const changes = (until: string) => `
CREATE TABLE source.told AS
WITH taken AS (
  SELECT *, row_number() OVER (PARTITION BY number ORDER BY line)::integer AS n
  FROM source.raw WHERE line NOT IN (SELECT line FROM source.rejected)
), opened AS (
  SELECT 0 AS step, ${told('opened_at')} AS at, 'New' AS claimed, NULL AS grp, NULL AS agent, * FROM taken WHERE n = 1
  UNION ALL
  SELECT n, ${told('sys_updated_at')}, incident_state, ${given('assignment_group')}, ${given('assigned_to')}, *
  FROM taken
), placed AS (
  SELECT *, ${statuses} AS status, ${given('priority')} AS priority_text, ${given('caller_id')} AS caller,
    concat_ws('|', ${fieldColumns}) AS fields_text,
    first_value(nullif(caller_id, '?')) OVER (PARTITION BY number ORDER BY step) AS requester
  FROM opened WHERE at <= ${until}
), named AS (
  SELECT *, CASE WHEN caller IS DISTINCT FROM requester THEN caller END AS caller_field FROM placed
)
SELECT *, ${categories} AS status_category, lag(caller_field) OVER life AS caller_field_before,
  lag(claimed) OVER life AS claimed_before, lag(status) OVER life AS status_before,
  lag(grp) OVER life AS grp_before, lag(agent) OVER life AS agent_before,
  lag(priority_text) OVER life AS priority_before, lag(fields_text) OVER life AS fields_before
FROM named WINDOW life AS (PARTITION BY number ORDER BY step)`;

const clocked = `
CREATE TABLE source.change AS
SELECT number, step, status, status_category, status_before, grp, grp_before, agent, agent_before,
  priority_text AS priority, priority_before,
  at AS told_at, max(at) OVER life AS at
FROM source.told
WHERE step = 0 OR status <> status_before OR grp IS DISTINCT FROM grp_before
  OR agent IS DISTINCT FROM agent_before OR priority_text IS DISTINCT FROM priority_before
WINDOW life AS (PARTITION BY number ORDER BY step)`;

/** Pieces of time in which nothing of the four changes, with their length in calendar and business time. */
const pieces = `
CREATE TABLE source.piece AS
SELECT *, (extract(epoch FROM ended_at - at) * 1000)::bigint AS ms,
  CASE WHEN ended_at IS NOT NULL THEN ${businessMs} END AS business_ms
FROM (
  SELECT *, lead(at) OVER (PARTITION BY number ORDER BY step) AS ended_at FROM source.change
) AS piece`;

/** Intervals of each of the four: from a change of the value to the next one, summed up from their pieces. */
const intervals = `
CREATE TABLE source.spell AS
WITH spent AS (
  SELECT *, coalesce(sum(business_ms) OVER earlier, 0)::bigint AS business_before
  FROM source.piece
  WINDOW earlier AS (PARTITION BY number ORDER BY step ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
), begun AS (
  SELECT number, step, at, business_before, dimension, value, status_category,
    CASE WHEN status = 'closed' THEN grp ELSE grp_before END AS grp_then
  FROM spent CROSS JOIN LATERAL (VALUES
    ('status', status, status_before), ('assignee', agent, agent_before),
    ('group', grp, grp_before), ('priority', priority, priority_before)
  ) AS each (dimension, value, value_before)
  WHERE value IS DISTINCT FROM value_before
)
SELECT number, dimension, step, value, CASE WHEN dimension = 'status' THEN status_category END AS status_category,
  lead(value) OVER life AS next_value, at AS begun_at, lead(at) OVER life AS ended_at,
  (extract(epoch FROM lead(at) OVER life - at) * 1000)::bigint AS ms,
  lead(business_before) OVER life - business_before AS business_ms, lead(grp_then) OVER life AS next_grp
FROM begun WINDOW life AS (PARTITION BY number, dimension ORDER BY step)`;

/** How each incident came to its end, or how far it has come. */
const tickets = `
CREATE TABLE source.ticket AS
WITH way AS (
  SELECT number,
    min(step) FILTER (WHERE resolves) AS first_step, max(step) FILTER (WHERE resolves) AS last_step,
    max(step) FILTER (WHERE step = 0 OR status <> status_before) AS status_step,
    min(at) FILTER (WHERE step = 0) AS opened_at, min(at) FILTER (WHERE agent IS NOT NULL) AS first_assigned_at,
    min(at) FILTER (WHERE resolves) AS first_resolved_at, max(at) FILTER (WHERE resolves) AS last_resolved_at,
    max(at) FILTER (WHERE status = 'closed' AND status_before <> 'closed') AS closed_at,
    max(at) FILTER (WHERE step = 0 OR status <> status_before) AS status_since,
    count(*) FILTER (WHERE status_before IN ('resolved', 'closed') AND NOT done) AS reopens
  FROM (
    SELECT *, done AND status_before NOT IN ('resolved', 'closed') AS resolves
    FROM (SELECT *, status IN ('resolved', 'closed') AS done FROM source.change) AS marked
  ) AS marked GROUP BY number
), present AS (
  SELECT DISTINCT ON (number) number, status, status_category, priority_text AS priority,
    nullif(category, '?') AS category, grp, agent, requester, made_sla, reassignment_count, reopen_count
  FROM source.told ORDER BY number, step DESC
), times AS (
  SELECT number,
    sum(ms) FILTER (WHERE step < first_step) AS first_ms,
    sum(business_ms) FILTER (WHERE step < first_step) AS first_business_ms,
    sum(ms) FILTER (WHERE step < last_step) AS full_ms,
    sum(business_ms) FILTER (WHERE step < last_step) AS full_business_ms,
    ${['new', 'open', 'hold', 'resolved', 'closed'].map(
      (
        category,
      ) => `coalesce(sum(ms) FILTER (WHERE ended AND status_category = '${category}'), 0) AS ${category}_ms,
    coalesce(sum(business_ms) FILTER (WHERE ended AND status_category = '${category}'), 0) AS ${category}_business_ms`,
    )}
  FROM (SELECT *, step < status_step AS ended FROM source.piece JOIN way USING (number)) AS piece GROUP BY number
)
SELECT * FROM present JOIN way USING (number) JOIN times USING (number)`;

/**
 * Makes the tables of what the rows up to an instant say, anew each time: `source.told`, `source.change`,
 * `source.piece`, `source.spell` and `source.ticket`.
 */
export async function tellRows(database: Database, until: string): Promise<void> {
  await database.execute(
    'DROP TABLE IF EXISTS source.told, source.change, source.piece, source.spell, source.ticket',
  );
  for (const statement of [changes(`'${until}'::timestamptz`), clocked, pieces, intervals, tickets]) {
    await database.execute(statement);
  }
  await database.execute('CREATE INDEX ON source.ticket (requester, opened_at)');
  await database.execute('ANALYZE source.told, source.piece, source.spell, source.ticket');
}
