/**
 * What pm4py makes of the exports: it reads each, finds nothing wrong, and counts what the log counts. pm4py
 * is a tool for development only and no part of Docket; without it this file is skipped. docs/exports.md says
 * how to run it.
 */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventColumns } from '../../../adapters/exports/columns.ts';
import { writeCsv } from '../../../adapters/exports/csv.ts';
import { writeOcelJson } from '../../../adapters/exports/ocel-json.ts';
import { writeOcelSqlite } from '../../../adapters/exports/ocel-sqlite.ts';
import { type Destination, openFile } from '../../../adapters/exports/output.ts';
import type { SelectedEvents } from '../../../adapters/exports/selected-events.ts';
import { writeXes } from '../../../adapters/exports/xes.ts';
import { randomHistory } from '../../projections/histories.ts';
import { exportFolder, select } from './exporting.ts';

const python = process.env.DOCKET_TEST_PYTHON ?? 'python3';
const found = runs('import pm4py');
if (!found) console.warn(`pm4py checks skipped: ${python} has no pm4py; see docs/exports.md`);

const { folder, remove } = exportFolder();
afterAll(remove);
const file = (name: string) => join(folder, name);
const history = randomHistory({ seed: 13, events: 3_000, liveTickets: 60 });
const cases = new Set(history.map(({ ticketId }) => ticketId)).size;

function runs(script: string): boolean {
  try {
    execFileSync(python, ['-c', script], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** The script's last line, which is JSON. */
function ask(script: string): unknown {
  const text = `import json, warnings\nwarnings.simplefilter('ignore')\nimport pm4py, pandas as pd\n${script}`;
  const output = execFileSync(python, ['-c', text], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return JSON.parse(output.trimEnd().split('\n').at(-1) ?? '');
}

async function write(name: string, work: (events: SelectedEvents, to: Destination) => Promise<void>) {
  const destination = await openFile(file(name));
  await work(await select(history), destination);
  await destination.finish();
}

describe.skipIf(!found)('pm4py', { timeout: 120_000 }, () => {
  beforeAll(async () => {
    await write('log.xes', (events, to) => writeXes(events, to, folder));
    await write('log.json', (events, to) => writeOcelJson(events, to, folder));
    await write('log.sqlite', (events, { partialFile = '' }) => writeOcelSqlite(events, partialFile));
    await write('log.csv', (events, to) => writeCsv(eventColumns, events.batches(), to));
  });

  it('reads the XES with every trace and event', () => {
    const counted = ask(`df = pm4py.read_xes(${JSON.stringify(file('log.xes'))})
df = pm4py.convert_to_dataframe(df)
print(json.dumps([len(df), df['case:concept:name'].nunique(), int(df['time:timestamp'].isna().sum())]))`);
    expect(counted).toEqual([history.length, cases, 0]);
  });

  it('takes the CSV for an event log and drops no row', () => {
    const counted = ask(`df = pd.read_csv(${JSON.stringify(file('log.csv'))})
df = pm4py.format_dataframe(df)
net = pm4py.discover_dfg(df)
print(json.dumps([len(df), df['case:concept:name'].nunique(), len(net[0]) > 0]))`);
    expect(counted).toEqual([history.length, cases, true]);
  });

  const ocel = (reader: string, name: string) =>
    ask(`log = pm4py.${reader}(${JSON.stringify(file(name))})
types = log.objects['ocel:type'].value_counts().to_dict()
initial = log.objects[log.objects['ocel:type'] == 'ticket']['priority'].notna().sum()
print(json.dumps({'events': len(log.events), 'relations': len(log.relations.drop_duplicates(['ocel:eid', 'ocel:oid'])), 'objects': len(log.objects),
  'changes': len(log.object_changes), 'links': len(log.o2o), 'types': types, 'priorities': int(initial)},
  sort_keys=True))`);

  // Of an object with two roles in one event, its reader of JSON keeps only one.
  it('reads the same from OCEL JSON and SQLite, and drops nothing', () => {
    const json = ocel('read_ocel2_json', 'log.json');
    expect(json).toEqual(ocel('read_ocel2_sqlite', 'log.sqlite'));
    expect(json).toMatchObject({ events: history.length, types: { ticket: cases } });
  });

  it('finds every constraint of OCEL SQLite satisfied', () => {
    const unsatisfied = ask(`from pm4py.objects.ocel.validation import ocel20_rel_validation
satisfied, unsatisfied = ocel20_rel_validation.apply(${JSON.stringify(file('log.sqlite'))})
print(json.dumps([len(satisfied), unsatisfied]))`);
    expect(unsatisfied).toEqual([24, []]);
  });
});
