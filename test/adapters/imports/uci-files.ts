/**
 * Small UCI incident logs for tests, as .csv and as .zip, and an engine on a memory log to import them into.
 */
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';
import { importUci, type UciImportOptions, uciEntry } from '../../../adapters/imports/import-uci.ts';
import { type UciColumn, uciColumns } from '../../../adapters/imports/uci-columns.ts';
import { MemoryLog } from '../../../adapters/log/memory/memory-log.ts';
import { Engine } from '../../../domain/engine.ts';
import type { RecordedEvent } from '../../../domain/ticket/events.ts';
import { builtInWorkflows } from '../../../domain/workflow/registry.ts';

export type Cells = Partial<Record<UciColumn, string>>;

const usual: Cells = {
  number: 'INC1',
  incident_state: 'New',
  active: 'true',
  reassignment_count: '0',
  reopen_count: '0',
  made_sla: 'true',
  caller_id: 'Caller 1',
  opened_at: '1/3/2016 08:00',
  sys_updated_by: 'Updated by 1',
  sys_updated_at: '1/3/2016 08:10',
  priority: '3 - Moderate',
  assignment_group: 'Group 1',
  knowledge: 'false',
  closed_code: 'code 6',
  resolved_by: 'Resolved by 1',
  resolved_at: '1/3/2016 12:00',
  closed_at: '6/3/2016 12:00',
};

export const headerLine = uciColumns.join(',');

/** A row with `?` where neither the cells nor the usual ones say anything. */
export function rowLine(cells: Cells): string {
  return uciColumns.map((column) => cells[column] ?? usual[column] ?? '?').join(',');
}

export function csvOf(...rows: readonly Cells[]): string {
  return `${[headerLine, ...rows.map(rowLine)].join('\n')}\n`;
}

export async function inTempFolder(name: string): Promise<string> {
  return join(await mkdtemp(join(tmpdir(), 'docket-uci-')), name);
}

export async function fileWith(content: string | Buffer, name = 'log.csv'): Promise<string> {
  const file = await inTempFolder(name);
  await writeFile(file, content);
  return file;
}

/** A zip archive with one deflated entry, written by hand: local header, data, directory, end. */
export function zipOf(content: string, entry = uciEntry): Buffer {
  const plain = Buffer.from(content);
  const data = deflateRawSync(plain);
  const name = Buffer.from(entry);
  const common = Buffer.alloc(26);
  common.writeUInt16LE(20, 0);
  common.writeUInt16LE(8, 4);
  common.writeUInt32LE(crc32(plain), 10);
  common.writeUInt32LE(data.length, 14);
  common.writeUInt32LE(plain.length, 18);
  common.writeUInt16LE(name.length, 22);
  const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, name, data]);
  const directory = Buffer.concat([Buffer.from('PK\x01\x02\x14\x00'), common, Buffer.alloc(14), name]);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06');
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(local.length, 16);
  return Buffer.concat([local, directory, end]);
}

export function newEngine() {
  const clock = { now: () => Date.UTC(2026, 0, 1) };
  const log = new MemoryLog({ clock });
  const engine = new Engine({
    log,
    clock,
    workflows: builtInWorkflows,
    defaultWorkflow: 'support',
  });
  return { engine, log };
}

/** Imports and reads back what was rejected. */
export async function importing(
  file: string,
  options: Pick<UciImportOptions, 'sink'> & Partial<UciImportOptions>,
) {
  const path = await inTempFolder('rejects.ndjson');
  const report = await importUci({ file, rejects: path, ...options });
  const rejects = (await readFile(path, 'utf8'))
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
  return { report, rejects };
}

export async function allEvents(log: MemoryLog): Promise<readonly RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  for await (const batch of log.read(1)) events.push(...batch);
  return events;
}
