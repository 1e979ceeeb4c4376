/** The SLA policies of a data folder: `sla.json`, which is read where an engine is made. */
import { readFile } from 'node:fs/promises';
import { Fault } from '../../domain/errors.ts';
import type { Calendars } from '../../domain/metrics/calendars.ts';
import { checkSlaRules, type SlaRules, slaPoliciesSchema } from '../../domain/sla/policies.ts';
import { slaFile } from './data-folder.ts';

/** Mistakes told one by one; the rest is only counted. */
const mistakesShownMax = 20;

/**
 * Undefined where the folder has no policies: nothing is promised then, and no clocks are kept. Throws
 * `input_unreadable`, with the mistakes by their place in the file, for policies that can not be used.
 */
export async function loadSla(dataDir: string, calendars: Calendars): Promise<SlaRules | undefined> {
  return readSla(slaFile(dataDir), calendars).catch((error: unknown) => {
    if (error instanceof Fault && isMissing(error.cause)) return undefined;
    throw error;
  });
}

/** The policies in a file. Throws `input_unreadable` where it is not there or can not be used. */
export async function readSla(file: string, calendars: Calendars): Promise<SlaRules> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    const reason = isMissing(cause) ? 'is not there' : `can not be read: ${messageOf(cause)}`;
    throw new Fault('input_unreadable', `${file} ${reason}`, { cause });
  });
  const result = slaPoliciesSchema.safeParse(parseJson(file, text));
  if (!result.success) {
    throw unusable(
      file,
      result.error.issues.map(({ path, message }) => `${placeOf(path)}: ${message}`),
    );
  }
  const rules = { ...result.data, calendars };
  const mistakes = checkSlaRules(rules);
  if (mistakes.length > 0) throw unusable(file, mistakes);
  return rules;
}

function parseJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Fault('input_unreadable', `${file} is not JSON: ${messageOf(cause)}`, { cause });
  }
}

function unusable(file: string, mistakes: readonly string[]): Fault {
  const more = mistakes.length > mistakesShownMax ? [`and ${mistakes.length - mistakesShownMax} more`] : [];
  const lines = [...mistakes.slice(0, mistakesShownMax), ...more].map((line) => `\n  ${line}`);
  return new Fault('input_unreadable', `${file} can not be used as SLA policies:${lines.join('')}`);
}

/** Such as `policies[0].targets[2].minutes`. */
function placeOf(path: readonly PropertyKey[]): string {
  const place = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('');
  return place === '' ? 'the file' : place.replace(/^\./, '');
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

function isMissing(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
}
