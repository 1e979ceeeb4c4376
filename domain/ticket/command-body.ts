/**
 * The body of a command as one text, to tell whether a command id is used again for something else. Two
 * commands with the same content have the same text; the order of a command's fields does not matter.
 */
import type { Command } from './commands.ts';

export function commandBody(command: Command): string {
  const { actor, onBehalfOf } = command;
  return JSON.stringify([
    command.type,
    command.ticketId,
    command.expectedRevision,
    command.occurredAt,
    actor.id,
    actor.role,
    onBehalfOf?.id,
    onBehalfOf?.role,
    command.correlationId,
    command.causationId,
    command.source,
    command.workflow,
    inOrder(command.data),
  ]);
}

/** A command's data with its keys in order, and those of the objects in it. */
function inOrder(data: object): object {
  const names = Object.keys(data);
  if (names.length === 0) return data;
  const ordered: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(data).sort(byName)) {
    ordered[name] = isObject(value) ? inOrder(value) : value;
  }
  return ordered;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function byName([left]: readonly [string, unknown], [right]: readonly [string, unknown]): number {
  return left < right ? -1 : 1;
}
