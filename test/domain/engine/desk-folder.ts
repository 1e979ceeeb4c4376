/**
 * An engine on a segment log with snapshots beside it, all in one folder; and copies of that folder as a
 * crash at this moment would leave it, in which the same can be opened again.
 */
import { cpSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { openSegmentLog, type SegmentLog } from '../../../adapters/log/segment/segment-log.ts';
import type { SegmentFiles } from '../../../adapters/log/segment/storage.ts';
import { SnapshotFolder } from '../../../adapters/snapshots/snapshot-folder.ts';
import { restoreSnapshot, type SnapshotParts, saveSnapshot } from '../../../domain/engine/snapshot.ts';
import type { Engine, EngineLimits } from '../../../domain/engine.ts';
import { replay } from '../../../domain/ticket/evolve.ts';
import type { TicketState } from '../../../domain/ticket/state.ts';
import { builtInWorkflows } from '../../../domain/workflow/registry.ts';
import { temporaryFolder } from '../../adapters/log/folders.ts';
import { engineOn, HandClock } from '../../support/engine.ts';

export interface DeskOptions {
  readonly files?: SegmentFiles;
  readonly limits?: Partial<EngineLimits>;
}

export class DeskFolder implements SnapshotParts {
  readonly folder: string;
  readonly log: SegmentLog;
  readonly engine: Engine;
  readonly snapshots: SnapshotFolder;
  readonly workflows = builtInWorkflows;

  private constructor(folder: string, log: SegmentLog, limits: Partial<EngineLimits>) {
    this.folder = folder;
    this.log = log;
    this.engine = engineOn(log, { limits });
    this.snapshots = new SnapshotFolder(join(folder, 'snapshots'));
  }

  static async open(folder?: string, { files, limits = {} }: DeskOptions = {}): Promise<DeskFolder> {
    const place = folder ?? (await temporaryFolder());
    const options = { folder: join(place, 'log'), clock: new HandClock() };
    const log = await openSegmentLog(files === undefined ? options : { ...options, files });
    return new DeskFolder(place, log, limits);
  }

  crashCopy(): Promise<string> {
    return crashCopy(this.folder);
  }

  save() {
    return saveSnapshot(this);
  }

  restore() {
    return restoreSnapshot(this);
  }

  get snapshotFiles(): readonly string[] {
    return readdirSync(join(this.folder, 'snapshots'));
  }

  states(): readonly TicketState[] {
    return [...this.engine.tickets.states()].sort((a, b) => (a.ticketId < b.ticketId ? -1 : 1));
  }

  /** The same tickets, from their whole histories. */
  async replayed(): Promise<readonly (TicketState | undefined)[]> {
    return Promise.all(
      this.states().map(async ({ ticketId }) => replay(ticketId, await this.log.readTicket(ticketId))),
    );
  }
}

/** A folder as it is on the disk now, without the lock: what the next process would find. */
export async function crashCopy(folder: string): Promise<string> {
  const copy = await temporaryFolder();
  cpSync(folder, copy, { recursive: true });
  for (const name of readdirSync(join(copy, 'log'))) {
    if (name.startsWith('LOCK')) rmSync(join(copy, 'log', name));
  }
  return copy;
}
