/**
 * Figures for node_exporter's textfile collector: what was measured by something that has ended by the time
 * Prometheus comes, as a benchmark or an audit. node_exporter may read at any moment, so it must never see
 * half a file, and it refuses samples with times of their own.
 */
import { open, rename, rm } from 'node:fs/promises';
import { expose } from '../../adapters/metrics/exposition.ts';
import type { MetricsSnapshot } from '../../adapters/metrics/snapshot.ts';
import { Fault } from '../../domain/errors.ts';

/** node_exporter reads files with this ending only, and mostly as another user. */
export const textfileEnding = '.prom';
const textfileMode = 0o644;

/**
 * Puts the families in the place of what the file held before: another file is written, synced and renamed.
 * Throws `Fault('output_unwritable')`; what was there before then still is.
 */
export async function writeTextfile(path: string, families: MetricsSnapshot): Promise<void> {
  if (!path.endsWith(textfileEnding)) {
    throw new Fault(
      'output_unwritable',
      `node_exporter reads files that end with .prom, and ${path} does not`,
    );
  }
  const { text } = await expose(families, undefined);
  // In the same folder, as a rename can not cross file systems; by its ending node_exporter leaves it alone.
  const temporary = `${path}.${process.pid}`;
  try {
    await writeSynced(temporary, text);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    const reason = error instanceof Error ? error.message : String(error);
    throw new Fault('output_unwritable', `can not write ${path}: ${reason}`, { cause: error });
  }
}

async function writeSynced(path: string, text: string): Promise<void> {
  const file = await open(path, 'w', textfileMode);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}
