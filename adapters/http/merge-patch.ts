/**
 * A JSON Merge Patch (RFC 7396) of a ticket, as a command. Only fields can be changed this way: everything
 * else of a ticket changes by commands that say why, and those are named instead.
 */
import type { Command, CommandType } from '../../domain/ticket/commands.ts';
import type { TicketId } from '../../domain/ticket/values.ts';
import type { InputError } from './input-errors.ts';
import { inputErrorsText } from './input-errors.ts';
import { inputErrorsMax, inputPathCharactersMax } from './limits.ts';
import { problem, RequestRefused } from './problem.ts';
import { readCommandWith } from './read-command.ts';
import type { Caller } from './route.ts';

/** Which commands change a member of a ticket's JSON; none where nothing does. */
const commandsFor: Readonly<Record<string, readonly CommandType[]>> = {
  state: ['StartWork', 'AwaitRequester', 'HoldTicket', 'ResolveTicket', 'CloseTicket', 'ReopenTicket'],
  lifecycle: ['StartWork', 'AwaitRequester', 'HoldTicket', 'ResolveTicket', 'CloseTicket', 'ReopenTicket'],
  assignee: ['AssignTicket', 'UnassignTicket'],
  group: ['AssignTicket', 'QueueTicket'],
  offer: ['OfferTicket', 'AcceptOffer', 'DeclineOffer'],
  hold: ['HoldTicket', 'ResumeTicket'],
  resolvedAt: ['ResolveTicket', 'ReopenTicket'],
  resolutionCode: ['ResolveTicket'],
  mergedInto: ['MergeTicket'],
  links: ['LinkTicket'],
};

/**
 * The one `ChangeFields` that a patch asks for. Throws `RequestRefused` with `invalid_command`, which names
 * every member that is no field.
 */
export function readMergePatch(
  body: unknown,
  { ticketId, commandId }: { readonly ticketId: TicketId; readonly commandId: string | undefined },
  caller: Pick<Caller, 'principal'>,
): Command {
  const errors = mistakes(body);
  if (errors.length > 0) {
    const tried = 'ChangeFields';
    throw new RequestRefused(problem('invalid_command', inputErrorsText(errors), { errors, tried }));
  }
  const fields = isObject(body) ? (body.fields ?? {}) : {};
  const named = commandId === undefined ? {} : { commandId };
  return readCommandWith({ ...named, data: { fields } }, { type: 'ChangeFields', ticketId }, caller);
}

function mistakes(body: unknown): readonly InputError[] {
  if (!isObject(body)) return [{ path: 'body', message: 'expected an object such as {"fields": {}}' }];
  const others = Object.keys(body).filter((name) => name !== 'fields');
  const found = others.map((name) => ({
    path: name.slice(0, inputPathCharactersMax),
    message: insteadOf(name),
  }));
  if (body.fields === null) found.unshift({ path: 'fields', message: 'set each field to null to clear it' });
  return found.slice(0, inputErrorsMax);
}

function insteadOf(name: string): string {
  const commands = Object.hasOwn(commandsFor, name) ? (commandsFor[name] ?? []) : [];
  const [only] = commands;
  if (only === undefined) return 'can not be changed; only fields can be patched';
  const which = commands.length === 1 ? `the command ${only}` : `one of the commands ${commands.join(', ')}`;
  return `is no field; send ${which} instead`;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
