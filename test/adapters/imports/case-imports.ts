/** A desk with a workflow given as data, event logs of it, and their import. Imports no test runner. */
import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { parseMapping } from '../../../adapters/imports/case-mapping.ts';
import { type CaseImportOptions, importCases } from '../../../adapters/imports/import-cases.ts';
import { MemoryLog } from '../../../adapters/log/memory/memory-log.ts';
import { Engine } from '../../../domain/engine.ts';
import type { CommandSink, EventLog } from '../../../domain/ports.ts';
import { workflowFromData } from '../../../domain/workflow/from-data.ts';
import { builtInWorkflows, Workflows } from '../../../domain/workflow/registry.ts';
import { xesEvent, xesTrace } from './case-files.ts';
import { inTempFolder } from './uci-files.ts';

const repair = workflowFromData({
  name: 'repair',
  version: '1',
  description: 'A repair shop.',
  initial: 'registered',
  states: {
    registered: { label: 'Register', category: 'new' },
    analysed: { label: 'Analyse defect', category: 'open' },
    repaired: { label: 'Repair', category: 'open' },
    archived: { label: 'Archive', category: 'closed' },
  },
  moves: [
    { from: 'registered', to: 'analysed' },
    { from: 'analysed', to: 'repaired' },
    { from: 'repaired', to: 'repaired' },
    { from: 'repaired', to: 'analysed' },
    { from: 'repaired', to: 'archived' },
  ],
});
export const repairWorkflows = new Workflows([...builtInWorkflows.all(), repair]);

export interface Desk {
  readonly engine: CommandSink;
  readonly log: MemoryLog;
}

export function deskOf(): Desk {
  const log = new MemoryLog({ clock });
  return { log, engine: engineOn(log) };
}

const clock = { now: () => Date.UTC(2026, 0, 1) };

export function engineOn(log: EventLog): Engine {
  return new Engine({ log, clock, workflows: repairWorkflows, defaultWorkflow: 'support' });
}

interface Over extends Partial<Omit<CaseImportOptions, 'mapping'>> {
  readonly mapping?: object;
}

/** Imports and reads back what was not taken. */
export async function caseImport(desk: Desk, file: string, { mapping, ...over }: Over = {}) {
  const rejects = await inTempFolder('rejects.ndjson');
  const report = await importCases({
    file,
    mapping: mapping === undefined ? undefined : parseMapping(mapping, 'mapping.json'),
    sink: desk.engine,
    workflows: repairWorkflows,
    workflow: 'repair',
    source: 'repairs',
    rejects,
    ...over,
  });
  const lines = (await readFile(rejects, 'utf8')).split('\n').filter((line) => line !== '');
  return { report, rejects: lines.map((line) => JSON.parse(line)) };
}

const activity = fc.constantFrom('Register', 'Analyse defect', 'Repair', 'Archive', 'Dance', '');
const time = fc.constantFrom('2016-03-01T08:00:00Z', '2016-03-02T08:00:00+01:00', 'never');
const more = fc.constantFrom(
  '',
  '<string key="org:resource" value="ann"/>',
  '<int key="n" value="1"/>',
  '<int key="n"/>',
);
const event = fc.tuple(activity, time, more).map(([name, when, extra]) => xesEvent(name, when, extra));

/** Traces of a few cases, whose events may be anything; a case may have several traces. */
export const repairEvents = fc.array(
  fc
    .tuple(fc.constantFrom('1', '2', 'R/3', ''), fc.array(event, { maxLength: 8 }))
    .map(([caseId, events]) => xesTrace(caseId, ...events)),
  { minLength: 1, maxLength: 8 },
);
