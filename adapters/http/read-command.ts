/** From what a caller sent to a command, or to what is wrong with it, field by field. */
import { type Command, commandSchema, commandTypes } from '../../domain/ticket/commands.ts';
import { type InputError, inputErrors, inputErrorsText } from './input-errors.ts';
import { problem, RequestRefused } from './problem.ts';

export type CommandReading =
  | { readonly ok: true; readonly command: Command }
  | { readonly ok: false; readonly errors: readonly InputError[] };

/** Reads one command; mistakes are named below `root`, such as `commands[3]`, where it is given. */
export function readCommand(input: unknown, root?: string): CommandReading {
  const result = commandSchema.safeParse(input);
  if (result.success) return { ok: true, command: result.data };
  const errors = inputErrors(result.error, input, root ?? 'body');
  if (root === undefined) return { ok: false, errors };
  const below = errors.map(({ path, message }) => ({
    path: path === root ? root : `${root}.${path}`,
    message,
  }));
  return { ok: false, errors: below };
}

/**
 * Reads a command of which the address already says some members. The body may repeat them, but not
 * contradict them. Throws `RequestRefused` with `invalid_command`.
 */
export function readCommandWith(body: unknown, known: Readonly<Record<string, string>>): Command {
  const errors = contradictions(body, known);
  if (errors.length > 0) throw invalidCommand(errors, body);
  const reading = readCommand(isObject(body) ? { ...body, ...known } : body);
  if (reading.ok) return reading.command;
  throw invalidCommand(reading.errors, body);
}

/** The type that an invalid command names, where there is one of that name. */
export function triedType(input: unknown): string | undefined {
  const type = isObject(input) ? input.type : undefined;
  return commandTypes.find((each) => each === type);
}

function contradictions(body: unknown, known: Readonly<Record<string, string>>): readonly InputError[] {
  if (!isObject(body)) return [];
  return Object.entries(known)
    .filter(([name, value]) => body[name] !== undefined && body[name] !== value)
    .map(([path, value]) => ({ path, message: `expected ${value}, as the address says; leave it out` }));
}

function invalidCommand(errors: readonly InputError[], body: unknown): RequestRefused {
  return new RequestRefused(
    problem('invalid_command', inputErrorsText(errors), { errors, tried: triedType(body) }),
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
