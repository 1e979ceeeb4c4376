/** Which fields and attributes of a ticket a command sets, and so which gates it has to pass. */
import type { Command } from '../ticket/commands.ts';

/**
 * For `OpenTicket` everything that is given, attributes among it; for all others the fields that they set or
 * clear. What else a command does (assigning, commenting, closing) is what the command's own gate is for.
 */
export function touchedParts(command: Command): readonly string[] {
  switch (command.type) {
    case 'OpenTicket': {
      const { requester, group, agent, fields } = command.data;
      const given = Object.keys(fields ?? {});
      if (requester !== undefined) given.push('requester');
      if (group !== undefined) given.push('group');
      if (agent !== undefined) given.push('assignee');
      return given;
    }
    case 'ResolveTicket':
    case 'CloseTicket':
    case 'MoveTicket':
    case 'ChangeFields':
    case 'OpenFollowUp':
    case 'SplitTicket':
      return command.data.fields === undefined ? none : Object.keys(command.data.fields);
    case 'RedactContent':
      return command.data.fields;
    default:
      return none;
  }
}

const none: readonly string[] = [];
