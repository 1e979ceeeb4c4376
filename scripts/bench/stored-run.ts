/** Runs of benchmarks as files: written whole or not at all, and read only if they are what they claim. */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { Fault } from '../../domain/errors.ts';
import { type BenchResult, benchResultSchema, benchSchemaName } from './result.ts';

/** A run with all sections takes 60 KiB; beyond this it is something else. */
const fileBytesMax = 16 * 1024 * 1024;

/** Throws `Fault('output_unwritable')`. */
export async function writeRun(path: string, result: BenchResult): Promise<void> {
  const whole = `${path}.${process.pid}.new`;
  try {
    await writeFile(whole, `${JSON.stringify(result, undefined, 1)}\n`);
    await rename(whole, path);
  } catch (error) {
    throw new Fault('output_unwritable', `${path} could not be written: ${String(error)}`, { cause: error });
  }
}

/** Throws `Fault('input_unreadable')` that names the file and the field. */
export async function readRun(path: string): Promise<BenchResult> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw unreadable(path, String(error));
  });
  if (text.length > fileBytesMax) throw unreadable(path, `it is longer than ${fileBytesMax} bytes`);
  const parsed = benchResultSchema.safeParse(parseJson(path, text));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = z.core.toDotPath(issue?.path ?? []);
  throw unreadable(
    path,
    field === 'schema' || field === ''
      ? `schema: it is not "${benchSchemaName}"; \`npm run bench -- --out FILE\` writes such files`
      : `${field}: ${issue?.message ?? 'unknown'}`,
  );
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw unreadable(path, String(error));
  }
}

function unreadable(path: string, why: string): Fault {
  return new Fault('input_unreadable', `${path} is not a stored run of the benchmarks: ${why}`);
}
