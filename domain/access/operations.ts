/** What rules can be about, and what a command asks for. Reading, opening and changing are told apart. */
import type { CommandType } from '../ticket/commands.ts';
import type { AccessOperation, AccessRule } from './policy.ts';

/**
 * One thing that may be done: `create`, `read`, `write`, or a command that moves a ticket by its own name.
 * Rules may also say `transition` for all of the latter.
 */
export type AskedOperation =
  | 'create'
  | 'read'
  | 'write'
  | Exclude<CommandType, 'OpenTicket' | 'ChangeFields'>;

/** `OpenTicket` is to create and `ChangeFields` is to write, whichever of the two words a rule uses. */
export function operationOf(command: CommandType): AskedOperation {
  if (command === 'OpenTicket') return 'create';
  return command === 'ChangeFields' ? 'write' : command;
}

/** The operation as `docket access explain` takes it: any word that a rule may use but `transition`. */
export function askedOperation(word: AccessOperation): AskedOperation | undefined {
  if (word === 'transition') return undefined;
  if (word === 'create' || word === 'read' || word === 'write') return word;
  return operationOf(word);
}

export function isAbout({ operations }: Pick<AccessRule, 'operations'>, asked: AskedOperation): boolean {
  switch (asked) {
    case 'read':
      return operations.includes('read');
    case 'create':
      return operations.includes('create') || operations.includes('OpenTicket');
    case 'write':
      return operations.includes('write') || operations.includes('ChangeFields');
    default:
      return operations.includes('transition') || operations.includes(asked);
  }
}
