/**
 * Puts the report of a load test beside its result.json, after a run or from that file alone: whatever the
 * page shows can be shown again from what was kept. It must never change the result.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Fault } from '../../../domain/errors.ts';
import type { LoadResult } from '../result.ts';
import { reportPage } from './report-page.ts';
import { resultFromText } from './result-file.ts';

/** Writes `report.html` into the folder and answers its path. Throws what the file system does. */
export async function writeReport(result: LoadResult, folder: string): Promise<string> {
  const path = join(folder, 'report.html');
  await writeFile(path, reportPage(result));
  return path;
}

/**
 * Makes the report of a result.json once more, beside it, and answers its path. Throws
 * `Fault('input_unreadable')` where there is no such file, it is not one, or which field of it is wrong, and
 * `Fault('output_unwritable')`.
 */
export async function reportOf(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((cause) => {
    throw new Fault('input_unreadable', `${file} can not be read: ${String(cause)}`, { cause });
  });
  const result = resultFromText(text, file);
  return writeReport(result, dirname(file)).catch((cause) => {
    throw new Fault('output_unwritable', `the report can not be written beside ${file}: ${String(cause)}`, {
      cause,
    });
  });
}
