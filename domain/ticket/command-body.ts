/**
 * The body of a command as one text, to tell whether a command id is used again for something else. Two
 * commands with the same content have the same text, in whatever order their keys came.
 */
import type { Command } from './commands.ts';

export function commandBody(command: Command): string {
  const { commandId: _, ...body } = command;
  return canonicalJson(body);
}

/** JSON with the keys of every object in order, and without those that are undefined. */
function canonicalJson(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const entries: readonly [string, unknown][] = Object.entries(value);
  let text = '';
  for (const [key, each] of entries.toSorted(byKey)) {
    if (each !== undefined) text += `${JSON.stringify(key)}:${canonicalJson(each)},`;
  }
  return `{${text}}`;
}

function byKey([left]: readonly [string, unknown], [right]: readonly [string, unknown]): number {
  return left < right ? -1 : 1;
}
