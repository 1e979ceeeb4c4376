/** The real ServiceNow log of UCI repository #498, where this machine has it beside the project. */
import { existsSync } from 'node:fs';
import { relative, resolve } from 'node:path';

const file = resolve(import.meta.dirname, '../../../shared/data/uci-incidents/incident_event_log.zip');

export const realLogMissing = `there is no ${relative(process.cwd(), file)} (the real ServiceNow log of UCI repository #498)`;

export function findRealLog(): string | undefined {
  return existsSync(file) ? file : undefined;
}
