/**
 * Derives adapters/simulation/rates.ts from the UCI incident log. Run by hand, from the checkout:
 *
 *     node scripts/derive-simulation-rates.ts <incident_event_log.zip> > adapters/simulation/rates.ts
 *     npx biome check --write adapters/simulation/rates.ts
 *
 * It must never be run by the product: the table it prints is checked in, so that a simulation needs no data.
 */
import { readCsv } from '../adapters/imports/csv-records.ts';
import { uciEntry } from '../adapters/imports/import-uci.ts';
import { openInput } from '../adapters/imports/input-file.ts';
import {
  isProblem,
  rowReader,
  timeOf,
  type UciColumn,
  type UciRow,
  uciColumns,
} from '../adapters/imports/uci-columns.ts';

const phases: Readonly<Record<string, string>> = {
  New: 'new',
  Active: 'open',
  'Awaiting User Info': 'caller',
  'Awaiting Vendor': 'vendor',
  'Awaiting Problem': 'problem',
  'Awaiting Evidence': 'evidence',
  Resolved: 'resolved',
  Closed: 'closed',
};
const rareTransitionsMin = 5;
const namesMax = 20;
const groupsMax = 40;
const reassignmentsMax = 12;
const hourMs = 3_600_000;

type Counts = Map<string, number>;

const arrivals: number[] = new Array(168).fill(0);
const firstPhases: Counts = new Map();
const priorities: Counts = new Map();
const categories: Counts = new Map();
const codes: Counts = new Map();
const groups: Counts = new Map();
const agentsOfGroup = new Map<string, Set<string>>();
const reassignments: number[] = new Array(reassignmentsMax + 1).fill(0);
const hoursOf = new Map<string, number[]>();

const header = `/**
 * How a real service desk behaves, as counts: arrivals, ways between states and times in them, priorities,
 * groups. Made by scripts/derive-simulation-rates.ts; it must never be edited by hand.
 *
 * Source: Incident management process enriched event log, C. A. L. Amaral, M. Fantinato, S. M. Peres, 2018,
 * UCI Machine Learning Repository #498, licence CC BY 4.0. Derived by counting over all 24,918 incidents:
 * arrivals by opened_at; a way from the first row in a state to the first row in the next one, with the hours
 * between their sys_updated_at; everything else by the incident's first row. Ways seen fewer than
 * ${rareTransitionsMin} times are left out, and ways out of closed.
 */

export type Phase = 'new' | 'open' | 'caller' | 'vendor' | 'problem' | 'evidence' | 'resolved' | 'closed';

export interface Named<N extends string = string> {
  readonly name: N;
  readonly count: number;
}

export interface Way {
  readonly to: Phase;
  readonly count: number;
  /** Hours in the state before this way was taken: the 0th, 10th, ... 100th percentile. */
  readonly hoursDeciles: readonly number[];
}

export interface Rates {
  /** Incidents opened in each hour of the week, Monday 00:00 UTC first. */
  readonly arrivalsPerHourOfWeek: readonly number[];
  /** The state of an incident's first row. */
  readonly firstPhases: readonly Named<Phase>[];
  readonly transitions: Readonly<Partial<Record<Phase, readonly Way[]>>>;
  readonly priorities: readonly Named[];
  readonly categories: readonly Named[];
  readonly closeCodes: readonly Named[];
  /** The busiest groups: incidents that were theirs first, and agents who ever had one. */
  readonly groups: readonly { readonly incidents: number; readonly agents: number }[];
  /** Incidents by how often their group or agent changed: 0, 1, 2, ... and last: that often or more. */
  readonly reassignments: readonly number[];
}
`;

const [file] = process.argv.slice(2);
if (file === undefined)
  throw new Error('name the file: node scripts/derive-simulation-rates.ts <zip or csv>');
for await (const incident of incidents(file)) measure(incident);
print();

async function* incidents(path: string): AsyncGenerator<readonly UciRow[]> {
  let read: ReturnType<typeof rowReader> | undefined;
  let rows: UciRow[] = [];
  for await (const records of readCsv(openInput({ file: path, entry: uciEntry }))) {
    for (const record of records) {
      if (read === undefined) {
        read = rowReader(record);
        continue;
      }
      const row = read(record);
      if (isProblem(row)) throw new Error(`line ${record.line}: ${row.message}`);
      if (rows[0] !== undefined && text(rows[0], 'number') !== text(row, 'number')) {
        yield rows;
        rows = [];
      }
      rows.push(row);
    }
  }
  if (rows.length > 0) yield rows;
}

function measure(rows: readonly UciRow[]): void {
  const [first] = rows;
  if (first === undefined) return;
  const openedAt = time(first, 'opened_at');
  // The epoch was a Thursday; hour 0 of the table is Monday 00:00.
  const hour = (Math.floor(openedAt / hourMs) + 72) % 168;
  arrivals[hour] = (arrivals[hour] ?? 0) + 1;
  count(firstPhases, phaseOf(first));
  count(priorities, text(first, 'priority'));
  count(categories, text(first, 'category'));
  count(codes, text(first, 'closed_code'));
  count(groups, text(first, 'assignment_group'));
  let entered = first;
  let moves = 0;
  let before = first;
  for (const row of rows) {
    const [group, agent] = [text(row, 'assignment_group'), text(row, 'assigned_to')];
    if (group !== '?' && agent !== '?') {
      agentsOfGroup.set(group, (agentsOfGroup.get(group) ?? new Set()).add(agent));
    }
    const hadAgent = text(before, 'assigned_to') !== '?';
    const otherGroup = group !== '?' && text(before, 'assignment_group') !== group;
    if (row !== first && (otherGroup || (hadAgent && text(before, 'assigned_to') !== agent))) moves += 1;
    if (phaseOf(row) !== phaseOf(entered)) {
      const hours = Math.max(0, (time(row, 'sys_updated_at') - time(entered, 'sys_updated_at')) / hourMs);
      const key = `${phaseOf(entered)}>${phaseOf(row)}`;
      const known = hoursOf.get(key) ?? [];
      known.push(hours);
      hoursOf.set(key, known);
      entered = row;
    }
    before = row;
  }
  const bucket = Math.min(moves, reassignmentsMax);
  reassignments[bucket] = (reassignments[bucket] ?? 0) + 1;
}

function print(): void {
  const transitions: Record<string, object[]> = {};
  for (const [key, hours] of [...hoursOf].sort((left, right) => right[1].length - left[1].length)) {
    const [from = '', to = ''] = key.split('>');
    if (hours.length < rareTransitionsMin || from === 'closed' || from === 'other' || to === 'other')
      continue;
    // Only a resolved ticket is closed at the desk; closing any other is for administrators.
    if (to === 'closed' && from !== 'resolved') continue;
    transitions[from] = [
      ...(transitions[from] ?? []),
      { to, count: hours.length, hoursDeciles: deciles(hours) },
    ];
  }
  const busiest = [...groups]
    .filter(([name]) => name !== '?')
    .sort(byCount)
    .slice(0, groupsMax);
  const rates = {
    arrivalsPerHourOfWeek: arrivals,
    firstPhases: named(firstPhases),
    transitions,
    priorities: named(priorities),
    categories: named(categories),
    closeCodes: named(codes),
    groups: busiest.map(([name, incidentsOpened]) => ({
      incidents: incidentsOpened,
      agents: agentsOfGroup.get(name)?.size ?? 1,
    })),
    reassignments,
  };
  process.stdout.write(`${header}\nexport const rates: Rates = ${JSON.stringify(rates)};\n`);
}

function deciles(hours: readonly number[]): readonly number[] {
  const sorted = hours.toSorted((left, right) => left - right);
  return Array.from({ length: 11 }, (_, index) => {
    const at = sorted[Math.round((index / 10) * (sorted.length - 1))] ?? 0;
    return Math.round(at * 100) / 100;
  });
}

function named(counts: Counts): readonly { name: string; count: number }[] {
  const known = [...counts].filter(([name]) => name !== '?' && name !== 'other').sort(byCount);
  return known.slice(0, namesMax).map(([name, n]) => ({ name, count: n }));
}

function byCount(left: readonly [string, number], right: readonly [string, number]): number {
  return right[1] - left[1];
}

function count(counts: Counts, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

function phaseOf(row: UciRow): string {
  return phases[text(row, 'incident_state')] ?? 'other';
}

function text(row: UciRow, column: UciColumn): string {
  return row.cells[uciColumns.indexOf(column)] ?? '';
}

function time(row: UciRow, column: UciColumn): number {
  const at = timeOf(row, column);
  if (typeof at !== 'number') throw new Error(`line ${row.line}: column ${column} holds no time`);
  return at;
}
