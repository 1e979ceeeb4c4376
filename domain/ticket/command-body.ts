/**
 * The body of a command as one text, to tell whether a command id is used again for something else. Two
 * commands with the same content have the same text, in whatever order their keys came.
 */
import type { Command } from './commands.ts';

export function commandBody(command: Command): string {
  const { commandId: _, ...body } = command;
  return canonicalJson(body);
}

function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) => (isPlainObject(each) ? sorted(each) : each));
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function sorted(value: Record<string, unknown>): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const key of Object.keys(value).sort()) result[key] = value[key];
  return result;
}
