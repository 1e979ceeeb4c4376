/**
 * What `docket verify` found, for node_exporter's textfile collector. The time of the last audit that found
 * nothing wrong outlives the ones that find something: an alarm asks how long ago it was.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { MetricFamily } from '../../adapters/metrics/snapshot.ts';
import type { LogKind } from '../cli/options.ts';
import { readExposition, sumOf } from './exposition.ts';
import { writeTextfile } from './textfile.ts';

export const auditFile = 'docket_audit.prom';

const lastSuccess = 'docket_audit_last_success_timestamp_seconds';

export interface AuditFigures {
  readonly log: LogKind;
  /** Milliseconds since the epoch. */
  readonly endedAtMs: number;
  readonly tookMs: number;
  readonly failures: number;
  /** The last position that was looked at. */
  readonly position: number;
}

/** Writes into a folder that exists. Throws `Fault('output_unwritable')`. */
export async function writeAudit(folder: string, audit: AuditFigures): Promise<void> {
  const path = join(folder, auditFile);
  const labels = { log: audit.log };
  const gauge = (name: string, help: string, value: number): MetricFamily => ({
    name,
    help,
    kind: 'gauge',
    samples: [{ labels, value }],
  });
  const endedAtSeconds = audit.endedAtMs / 1_000;
  const success = audit.failures === 0 ? endedAtSeconds : await lastSuccessIn(path, labels);
  const families = [
    gauge('docket_audit_last_run_timestamp_seconds', 'When the log was last audited.', endedAtSeconds),
    gauge('docket_audit_failures', 'Problems that the last audit of the log found.', audit.failures),
    gauge('docket_audit_checked_position', 'Last position that the last audit looked at.', audit.position),
    gauge('docket_audit_duration_seconds', 'How long the last audit of the log took.', audit.tookMs / 1_000),
  ];
  if (success !== undefined) {
    families.push(gauge(lastSuccess, 'When the log was last audited and nothing was wrong.', success));
  }
  await writeTextfile(path, families);
}

/** As the audit before wrote it; undefined where there was none, or none that ended well. */
async function lastSuccessIn(
  path: string,
  labels: Readonly<Record<string, string>>,
): Promise<number | undefined> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return sumOf(readExposition(text), lastSuccess, labels);
}
