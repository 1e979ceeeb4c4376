/** Events as CloudEvents, CSV and Parquet: read back, they are the events of the log. */
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { describe, expect, it } from 'vitest';
import { writeCloudEvents } from '../../../adapters/exports/cloud-events.ts';
import { eventColumns } from '../../../adapters/exports/columns.ts';
import { writeCsv } from '../../../adapters/exports/csv.ts';
import { rowGroupBounds, writeParquet } from '../../../adapters/exports/parquet.ts';
import { eventTypes, type RecordedEvent } from '../../../domain/ticket/events.ts';
import { replay } from '../../../domain/ticket/evolve.ts';
import { randomHistory } from '../../projections/histories.ts';
import { arbitraryEvent } from '../../support/arbitrary-events.ts';
import { newEvent } from '../../support/events.ts';
import { asJson, lines, MemoryOutput, recorded, select } from './exporting.ts';

const history = randomHistory({ seed: 3, events: 2_500, liveTickets: 50 });
const iso = (at: number) => new Date(at).toISOString();
const held = (text: string | undefined) => text?.toWellFormed().replaceAll('\0', '\ufffd');

/** Events of every type, with every part of them, and texts that are hard to store. */
const hardEvents = fc
  .tuple(...eventTypes.map((type) => arbitraryEvent(type)))
  .map((events) => recorded('T-hard', [...events, newEvent({ type: 'WorkStarted', data: {} })]));

async function cloudEventsOf(events: readonly RecordedEvent[]): Promise<readonly Record<string, unknown>[]> {
  const output = new MemoryOutput();
  await writeCloudEvents(await select(events), output, 'urn:test');
  return lines(output.text).map((line) => JSON.parse(line));
}

/** The event that a line tells of. */
function eventOfCloudEvent(line: Record<string, unknown>): unknown {
  const actor = (id: unknown, role: unknown) => (id === undefined ? undefined : { id, role });
  return asJson({
    ticketId: line.subject,
    revision: Number(line.sequence),
    partition: line.logpartition,
    position: Number(line.logposition),
    type: String(line.type).replace('org.docket.', ''),
    schemaVersion: line.schemaversion,
    workflow: line.workflow,
    state: line.state,
    occurredAt: Date.parse(String(line.time)),
    recordedAt: Date.parse(String(line.recordedtime)),
    actor: actor(line.actorid, line.actorrole),
    onBehalfOf: actor(line.onbehalfofid, line.onbehalfofrole),
    commandId: line.commandid,
    commandDigest: line.commanddigest,
    correlationId: line.correlationid,
    causationId: line.causationid,
    source: line.origin,
    data: line.data,
  });
}

describe('CloudEvents', () => {
  it('lose nothing of any event', async () => {
    await fc.assert(
      fc.asyncProperty(hardEvents, async (events) => {
        const read = await cloudEventsOf(events);
        expect(read.map(eventOfCloudEvent)).toEqual(events.map(asJson));
      }),
      { numRuns: 25 },
    );
  });

  it('are what CloudEvents 1.0 asks for', async () => {
    const ids = new Set<unknown>();
    const sequences = new Map<unknown, string>();
    for (const line of await cloudEventsOf(history)) {
      expect(line).toMatchObject({
        specversion: '1.0',
        source: 'urn:test',
        datacontenttype: 'application/json',
      });
      for (const name of ['id', 'source', 'specversion', 'type', 'subject', 'partitionkey']) {
        expect(line[name], name).toMatch(/^.+$/s);
      }
      expect(line.type).toMatch(/^org\.docket\.[A-Z][A-Za-z]+$/);
      expect(line.time).toMatch(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/);
      expect(Object.keys(line).filter((name) => !/^[a-z0-9]{1,20}$/.test(name))).toEqual([]);
      // An integer of CloudEvents has 32 bits; everything else that is no `data` is text.
      for (const [name, value] of Object.entries(line)) {
        if (name === 'data') continue;
        if (typeof value === 'number') expect(value).toBeLessThan(2 ** 31);
        else expect(typeof value, name).toBe('string');
      }
      ids.add(line.id);
      // Compared as text, each is greater than the one before of its ticket.
      expect(String(line.sequence) > (sequences.get(line.subject) ?? '')).toBe(true);
      sequences.set(line.subject, String(line.sequence));
    }
    expect(ids.size).toBe(history.length);
  });
});

function rowsOfCsv(text: string): readonly Record<string, string>[] {
  return parse(text, { columns: true });
}

async function csvOf(events: readonly RecordedEvent[], guardFormulas?: true): Promise<string> {
  const output = new MemoryOutput();
  await writeCsv(eventColumns, (await select(events)).batches(), output, { guardFormulas });
  return output.text;
}

/** The cells of an event, in the words of its columns. */
function expectedCells(event: RecordedEvent, group: string | undefined): Record<string, string> {
  return {
    'case:concept:name': event.ticketId,
    'concept:name': event.type,
    'time:timestamp': iso(event.occurredAt),
    'org:resource': held(event.actor.id) ?? '',
    'org:role': event.actor.role,
    'org:group': held(group) ?? '',
    'lifecycle:transition': 'complete',
    sorting: String(event.revision),
    'docket:partition': String(event.partition),
    'docket:position': String(event.position),
    'docket:recordedAt': iso(event.recordedAt),
    'docket:workflow': held(event.workflow) ?? '',
    'docket:state': held(event.state) ?? '',
    'docket:schemaVersion': String(event.schemaVersion),
    'docket:onBehalfOfId': held(event.onBehalfOf?.id) ?? '',
    'docket:onBehalfOfRole': event.onBehalfOf?.role ?? '',
    'docket:commandId': held(event.commandId) ?? '',
    'docket:commandDigest': held(event.commandDigest) ?? '',
    'docket:correlationId': held(event.correlationId) ?? '',
    'docket:causationId': held(event.causationId) ?? '',
    'docket:source': held(event.source) ?? '',
    'docket:data': JSON.stringify(event.data),
  };
}

function withGroups(events: readonly RecordedEvent[]): readonly Record<string, string>[] {
  return events.map((event) => {
    const until = events.filter(
      (each) => each.ticketId === event.ticketId && each.position <= event.position,
    );
    return expectedCells(event, replay(event.ticketId, until)?.group);
  });
}

describe('CSV', () => {
  it('has every event in a record of its own, with the columns that miners look for', async () => {
    expect(rowsOfCsv(await csvOf(history))).toEqual(withGroups(history));
  });

  it('keeps every text that UTF-8 can hold', async () => {
    await fc.assert(
      fc.asyncProperty(hardEvents, async (events) => {
        const opened = recorded('T-hard', [newEvent({ type: 'TicketOpened', data: {} }), ...events.slice(1)]);
        expect(rowsOfCsv(await csvOf(opened))).toEqual(withGroups(opened));
      }),
      { numRuns: 25 },
    );
  });

  it('is exact unless it is guarded against formulas', async () => {
    const actor = { id: '=HYPERLINK("http://x")', role: 'requester' } as const;
    const events = recorded('T-1', [newEvent({ type: 'TicketOpened', data: {} }, { actor, source: '-1' })]);
    expect(rowsOfCsv(await csvOf(events))[0]).toMatchObject({
      'org:resource': actor.id,
      'docket:source': '-1',
    });
    expect(rowsOfCsv(await csvOf(events, true))[0]).toMatchObject({
      'org:resource': `'${actor.id}`,
      'docket:source': "'-1",
      'case:concept:name': 'T-1',
    });
  });
});

async function parquetOf(events: readonly RecordedEvent[], metadata = {}): Promise<ArrayBuffer> {
  const output = new MemoryOutput();
  await writeParquet(eventColumns, (await select(events)).batches(), output, metadata);
  return new Uint8Array(output.bytes).buffer;
}

/** As the CSV, which can not tell an absent text from an empty one. */
async function rowsOfParquet(events: readonly RecordedEvent[]): Promise<readonly Record<string, unknown>[]> {
  const rows = await parquetReadObjects({ file: await parquetOf(events) });
  return rows.map((row) =>
    Object.fromEntries(Object.entries(row).map(([name, value]) => [name, value ?? ''])),
  );
}

/** The same event with the types that Parquet has. */
function expectedRow(cells: Record<string, string>): Record<string, unknown> {
  const row: Record<string, unknown> = {};
  for (const { name, kind } of eventColumns) {
    const cell = cells[name] ?? '';
    if (kind === 'time') row[name] = new Date(cell);
    else if (kind === 'long') row[name] = BigInt(cell);
    else if (kind === 'integer') row[name] = Number(cell);
    else if (kind === 'json') row[name] = JSON.parse(cell);
    // hyparquet takes a byte order mark off the front of every text that it reads.
    else row[name] = cell.replace(/^\ufeff/, '');
  }
  return row;
}

describe('Parquet', () => {
  it('has the same rows as the CSV, typed', async () => {
    expect(await rowsOfParquet(history)).toEqual(withGroups(history).map(expectedRow));
  });

  it('keeps every text that UTF-8 can hold', async () => {
    await fc.assert(
      fc.asyncProperty(hardEvents, async (events) => {
        const opened = recorded('T-hard', [newEvent({ type: 'TicketOpened', data: {} }), ...events.slice(1)]);
        expect(await rowsOfParquet(opened)).toEqual(withGroups(opened).map(expectedRow));
      }),
      { numRuns: 15 },
    );
  });

  it('says in its metadata what it holds, and keeps its row groups small', async () => {
    const body = 'x'.repeat(16_000);
    const comment = newEvent({ type: 'CommentAdded', data: { body, public: true } });
    const events = recorded(
      'T-1',
      Array.from({ length: 4_096 }, () => comment),
    );
    const metadata = parquetMetadata(await parquetOf(events, { 'docket.positions': '[1]' }));
    expect(metadata.key_value_metadata).toContainEqual({ key: 'docket.positions', value: '[1]' });
    const rowsMax = rowGroupBounds.charactersMax / body.length + 1_024;
    expect(metadata.row_groups.length).toBeGreaterThan(1);
    for (const group of metadata.row_groups) expect(Number(group.num_rows)).toBeLessThan(rowsMax);
    const time = metadata.schema.find(({ name }) => name === 'time:timestamp');
    expect(time).toMatchObject({ type: 'INT64', converted_type: 'TIMESTAMP_MILLIS' });
  });

  it('of no events has its columns all the same', async () => {
    const metadata = parquetMetadata(await parquetOf([]));
    expect(metadata.num_rows).toBe(0n);
    expect(metadata.schema.slice(1).map(({ name }) => name)).toEqual(eventColumns.map(({ name }) => name));
  });
});
