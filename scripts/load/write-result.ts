/**
 * Leaves a run behind in a folder of its own: everything that was measured as JSON, and the report for
 * people. A folder that is there already is never written into.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Fault } from '../../domain/errors.ts';
import { writeReport } from './report/render.ts';
import type { LoadResult } from './result.ts';

/** Answers the paths of both. Throws `Fault('output_unwritable')`. */
export async function writeResult(
  result: LoadResult,
  out: string,
): Promise<{ readonly json: string; readonly report: string }> {
  // Colons are no part of file names everywhere.
  const time = result.startedAt.replaceAll(/[:.]/g, '-');
  const folder = join(resolve(out), `${result.scenario.id}-${time}`);
  const json = join(folder, 'result.json');
  try {
    await mkdir(resolve(out), { recursive: true });
    await mkdir(folder);
    await writeFile(json, `${JSON.stringify(result)}\n`);
    return { json, report: await writeReport(result, folder) };
  } catch (cause) {
    throw new Fault('output_unwritable', `the result can not be written to ${folder}: ${String(cause)}`, {
      cause,
    });
  }
}
