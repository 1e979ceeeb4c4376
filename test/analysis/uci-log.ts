/** The real UCI incident log, imported once into a log on disk by way of the engine. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { importUci } from '../../adapters/imports/import-uci.ts';
import { openSegmentLog } from '../../adapters/log/segment/segment-log.ts';
import { openSegmentReader } from '../../adapters/log/segment/segment-reader.ts';
import { Engine } from '../../domain/engine.ts';
import type { EventReader } from '../../domain/ports.ts';
import type { RecordedEvent } from '../../domain/ticket/events.ts';
import { builtInWorkflows, defaultWorkflow } from '../../domain/workflow/registry.ts';
import { unsyncedFiles } from '../support/unsynced-files.ts';

const shared = process.env.DOCKET_SHARED_DATA ?? join(import.meta.dirname, '../../../shared/data');
export const uciZip = join(shared, 'uci-incidents/incident_event_log.zip');
export const uciMissing = !existsSync(uciZip);
if (uciMissing)
  console.info(`skipped: ${uciZip} is not there; set DOCKET_SHARED_DATA to the folder with uci-incidents/`);

export interface UciLog {
  readonly reader: EventReader;
  /** The file of rejected rows. */
  readonly rejects: string;
  remove(): Promise<void>;
}

export async function importedUciLog(): Promise<UciLog> {
  const folder = await mkdtemp(join(tmpdir(), 'docket-analysis-'));
  const rejects = join(folder, 'rejects.ndjson');
  const clock = { now: () => Date.UTC(2026, 0, 1) };
  const log = await openSegmentLog({ folder: join(folder, 'log'), clock, files: unsyncedFiles });
  const engine = new Engine({ log, clock, workflows: builtInWorkflows, defaultWorkflow });
  await importUci({ file: uciZip, sink: engine, rejects });
  await engine.drain();
  await log.close();
  const reader = await openSegmentReader({ folder: join(folder, 'log') });
  const remove = async () => {
    await reader.close();
    await rm(folder, { recursive: true, force: true });
  };
  return { reader, rejects, remove };
}

/** What had happened by an instant, as the log would be had it been imported then. */
export async function eventsUntil(reader: EventReader, until: number): Promise<readonly RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  for await (const batch of reader.read(1)) {
    for (const event of batch) {
      if (event.occurredAt <= until) events.push({ ...event, position: events.length + 1 });
    }
  }
  return events;
}
