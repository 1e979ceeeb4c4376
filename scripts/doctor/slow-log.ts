/**
 * Slow statements from PostgreSQL's own log, where `log_min_duration_statement` has it write them: for
 * servers without pg_stat_statements whose log file we can read.
 */
import { open } from 'node:fs/promises';

/** From the end of the file; older lines are left. */
const bytesMax = 1024 * 1024;

const entry =
  /^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)? [A-Z]+) .*LOG: +duration: ([\d.]+) ms +(?:statement|execute [^:]*): (.*)$/;

export interface SlowLogEntry {
  readonly endedAtMs: number;
  readonly ms: number;
  readonly text: string;
}

/** What the last part of the file tells; lines of another shape are passed over. Throws as `open` does. */
export async function readSlowLog(file: string): Promise<readonly SlowLogEntry[]> {
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    const length = Math.min(size, bytesMax);
    const { buffer } = await handle.read(Buffer.alloc(length), 0, length, size - length);
    return buffer
      .toString('utf8')
      .split('\n')
      .flatMap((line) => {
        const [, at = '', ms = '', text = ''] = entry.exec(line) ?? [];
        const endedAtMs = Date.parse(at);
        return Number.isNaN(endedAtMs) ? [] : [{ endedAtMs, ms: Number(ms), text }];
      });
  } finally {
    await handle.close();
  }
}
