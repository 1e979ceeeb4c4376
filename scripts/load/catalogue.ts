/**
 * Where scenarios come from: the files that ship with Docket, by their id, and anybody's own, by their path.
 * It must never run one that it could not read in full, and says of each mistake where it is.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from '../../domain/errors.ts';
import { type Scenario, scenarioSchema } from './scenario.ts';

const shippedFolder = join(import.meta.dirname, 'scenarios');
/** A file with more mistakes than this is no scenario at all. */
const mistakesShownMax = 10;

/** All that ship, in the order of their names. */
export async function shippedScenarios(): Promise<readonly Scenario[]> {
  const files = (await readdir(shippedFolder)).filter((name) => name.endsWith('.json'));
  return Promise.all(files.toSorted().map((name) => readScenarioFile(join(shippedFolder, name))));
}

/**
 * The scenarios that are named, in their order, each by the id of one that ships (in any case) or by the path
 * of a file; `all` stands for all that ship. Throws `Fault('input_unreadable')`.
 */
export async function findScenarios(names: readonly string[]): Promise<readonly Scenario[]> {
  const shipped = await shippedScenarios();
  const found: Scenario[] = [];
  for (const name of names) {
    if (name === 'all') found.push(...shipped);
    else if (name.endsWith('.json')) found.push(await readScenarioFile(name));
    else found.push(shippedUnder(name, shipped));
  }
  return found;
}

function shippedUnder(name: string, shipped: readonly Scenario[]): Scenario {
  const scenario = shipped.find(({ id }) => id === name.toUpperCase());
  if (scenario !== undefined) return scenario;
  const known = shipped.map(({ id }) => id).join(', ');
  throw new Fault(
    'input_unreadable',
    `there is no scenario ${name}; there are ${known}, and files whose names end with .json`,
  );
}

/** Throws `Fault('input_unreadable')`, which names the file and each field that is wrong. */
export async function readScenarioFile(path: string): Promise<Scenario> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw unreadable(path, 'it can not be opened', cause);
  });
  const read = scenarioSchema.safeParse(jsonOf(path, text));
  if (read.success) return read.data;
  const mistakes = read.error.issues.map(
    (issue) => `${issue.path.join('.') || 'the scenario'}: ${issue.message}`,
  );
  const shown = mistakes.slice(0, mistakesShownMax).join('; ');
  const more = mistakes.length > mistakesShownMax ? `; ${mistakes.length - mistakesShownMax} more` : '';
  throw unreadable(path, `${shown}${more}`, read.error);
}

function jsonOf(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw unreadable(path, cause instanceof Error ? cause.message : String(cause), cause);
  }
}

function unreadable(path: string, why: string, cause: unknown): Fault {
  return new Fault('input_unreadable', `${path} is no scenario: ${why}`, { cause });
}
