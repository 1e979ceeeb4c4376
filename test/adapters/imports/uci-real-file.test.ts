/**
 * The real UCI log, imported through the real engine, against figures that a second, simple reading of the
 * rows gives: it cuts lines at commas and counts pairs of neighbouring cells, and shares no code with the
 * importer.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { openInput } from '../../../adapters/imports/input-file.ts';
import type { RecordedEvent } from '../../../domain/ticket/events.ts';
import { allEvents, importing, newEngine } from './uci-files.ts';

const shared = process.env.DOCKET_SHARED_DATA ?? join(import.meta.dirname, '../../../../shared/data');
const zip = join(shared, 'uci-incidents/incident_event_log.zip');
const missing = !existsSync(zip);
if (missing)
  console.info(`skipped: ${zip} is not there; set DOCKET_SHARED_DATA to the folder with uci-incidents/`);

const importTwiceMsMax = 240_000;

test.skipIf(missing)(
  'every row is accounted for, every ticket ends closed, and importing again adds nothing',
  async () => {
    const expected = await countSimply();
    const { engine, log } = newEngine();
    const { report, rejects } = await importing(zip, { sink: engine });
    const events = await allEvents(log);

    expect(report).toMatchObject({ rows: 141_712, tickets: 24_918, unchanged: 28_365, rejected: 140 });
    expect(report.events).toBe(events.length);
    expect(report.rowsWithEvents + report.unchanged + report.rejected).toBe(report.rows);
    expect(report.stateChanges).toEqual({ claimed: 64_033, legal: 63_969, alreadySo: 1, refused: 63 });
    expect(rejects).toHaveLength(report.rejected);
    expect(Object.fromEntries(report.reasons.map(({ reason, rows }) => [reason, rows]))).toEqual({
      // Twelve closed incidents were made active again; what happened to them afterwards is refused as well.
      'illegal_transition: ReopenTicket while closed': 63,
      'illegal_transition: HoldTicket while closed': 36,
      'illegal_transition: ResolveTicket while closed': 17,
      'illegal_transition: AssignTicket while closed': 5,
      'condition_unmet: ChangeFields while closed': 8,
      // Resolved incidents that wait for the user without having been reopened.
      'illegal_transition: HoldTicket while resolved': 6,
      // State -100.
      'unknown_state in incident_state': 5,
    });

    expect(lifecyclesOf(events)).toEqual({ closed: 24_918 });
    const types = countBy(events, (event) => event.type);
    expect(types).toMatchObject(expected.events);
    expect(report.rejected).toBe(expected.rejected);
    expect(report.unchanged).toBe(expected.unchanged);

    const again = await importing(zip, { sink: engine });
    expect(await log.head()).toBe(events.length);
    expect(again.report).toMatchObject({ events: 0, rowsWithEvents: 0, unchanged: 141_572, rejected: 140 });
    expect(again.rejects).toEqual(rejects);
  },
  importTwiceMsMax,
);

/**
 * By hand: what an incident is in the workflow is what its last row that could be taken says. A row can not
 * be taken with state -100, when it holds a resolved incident, or when it says anything new of a closed one.
 */
async function countSimply() {
  const counts = { rejected: 0, unchanged: 0, events: {} as Record<string, number> };
  const add = (type: string) => {
    counts.events[type] = (counts.events[type] ?? 0) + 1;
  };
  const bookkeeping = ['sys_mod_count', 'sys_updated_by', 'sys_updated_at'];
  let names: readonly string[] = [];
  let before = new Map<string, string>();
  for await (const line of createInterface({
    input: Readable.from(openInput({ file: zip, entry: 'incident_event_log.csv' })),
  })) {
    const cells = line.split(',');
    if (names.length === 0) {
      names = cells;
      continue;
    }
    const row = new Map(names.map((name, index) => [name, cells[index] ?? '']));
    const first = row.get('number') !== before.get('number');
    const differs = (name: string) => row.get(name) !== before.get(name);
    const [from, to] = [first ? 'New' : before.get('incident_state'), row.get('incident_state')];
    if (!first && !names.some((name) => !bookkeeping.includes(name) && differs(name))) {
      counts.unchanged += 1;
      continue;
    }
    if (
      to === '-100' ||
      (from === 'Resolved' && to?.startsWith('Awaiting')) ||
      (from === 'Closed' && !first)
    ) {
      counts.rejected += 1;
      continue;
    }
    if (first) add('TicketOpened');
    if (from !== to) add(eventFor(from, to));
    const [group, agent] = [row.get('assignment_group'), row.get('assigned_to')];
    const moved = first
      ? group !== '?' || agent !== '?'
      : differs('assignment_group') || differs('assigned_to');
    if (moved) add(agent !== '?' ? 'TicketAssigned' : group !== '?' ? 'TicketQueued' : 'TicketUnassigned');
    before = row;
  }
  return counts;
}

function eventFor(from: string | undefined, to: string | undefined): string {
  if (to === 'Resolved') return 'TicketResolved';
  if (to === 'Closed') return 'TicketClosed';
  if (to?.startsWith('Awaiting')) return 'TicketHeld';
  if (from === 'New') return 'WorkStarted';
  return from === 'Resolved' ? 'TicketReopened' : 'TicketResumed';
}

function lifecyclesOf(events: readonly RecordedEvent[]): Record<string, number> {
  const states = new Map(events.map((event) => [event.ticketId, event.state]));
  return countBy([...states.values()], (state) => state.split('/')[0] ?? '');
}

function countBy<T>(items: readonly T[], key: (item: T) => string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const item of items) counts[key(item)] = (counts[key(item)] ?? 0) + 1;
  return counts;
}
