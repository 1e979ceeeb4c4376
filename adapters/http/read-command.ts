/**
 * From what a caller sent to a command, or to what is wrong with it, field by field. Who may name which actor
 * is settled here: everything after it takes the actor for true.
 */
import type { Principal } from '../../domain/access/principal.ts';
import { type Command, commandSchema, commandTypes } from '../../domain/ticket/commands.ts';
import type { Actor } from '../../domain/ticket/values.ts';
import { type InputError, inputErrors, inputErrorsText } from './input-errors.ts';
import { isPlainCommand } from './plain-command.ts';
import { problem, RequestRefused } from './problem.ts';
import type { Caller } from './route.ts';

export interface CommandRefused {
  readonly ok: false;
  readonly code: 'invalid_command' | 'actor_not_permitted';
  readonly message: string;
  /** What is wrong with its shape; none where that is right. */
  readonly errors: readonly InputError[];
  readonly tried: string | undefined;
}

export type CommandReading = { readonly ok: true; readonly command: Command } | CommandRefused;

/**
 * Reads one command of a caller; mistakes are named below `root`, such as `commands[3]`, where it is given.
 * An absent actor is the caller's own.
 */
export function readCommand(
  input: unknown,
  { principal }: Pick<Caller, 'principal'>,
  root?: string,
): CommandReading {
  const complete =
    isObject(input) && input.actor === undefined ? { ...input, actor: principal.actor } : input;
  if (isPlainCommand(complete)) return permitted(complete, principal);
  const result = commandSchema.safeParse(complete);
  if (result.success) return permitted(result.data, principal);
  return invalid(below(inputErrors(result.error, complete, root ?? 'body'), root), input);
}

function permitted(command: Command, principal: Principal): CommandReading {
  const denied = actorDenied(command, principal);
  if (denied === undefined) return { ok: true, command };
  return { ok: false, code: 'actor_not_permitted', message: denied, errors: [], tried: command.type };
}

/**
 * Reads a command of which the address already says some members. The body may repeat them, but not
 * contradict them. Throws `RequestRefused` with `invalid_command` or `actor_not_permitted`.
 */
export function readCommandWith(
  body: unknown,
  known: Readonly<Record<string, string>>,
  caller: Pick<Caller, 'principal'>,
): Command {
  const errors = contradictions(body, known);
  const reading =
    errors.length > 0
      ? invalid(errors, body)
      : readCommand(isObject(body) ? { actor: caller.principal.actor, ...body, ...known } : body, caller);
  if (reading.ok) return reading.command;
  const { code, message, tried } = reading;
  throw new RequestRefused(problem(code, message, { errors: reading.errors, tried }));
}

/** Why the command's actor, or whom it stands in for, is not the caller's to name. */
function actorDenied({ actor, onBehalfOf }: Command, { actor: own, scopes }: Principal): string | undefined {
  if (scopes.has('actors:any')) return undefined;
  const mine = (named: Actor) => named.id === own.id && named.role === own.role;
  const wrong = mine(actor) ? onBehalfOf : actor;
  if (wrong === undefined || mine(wrong)) return undefined;
  return `this credential acts as ${own.role} ${own.id} only, not for ${wrong.role} ${wrong.id}; leave it out, or use one with the scope actors:any`;
}

function invalid(errors: readonly InputError[], input: unknown): CommandRefused {
  const message = inputErrorsText(errors);
  return { ok: false, code: 'invalid_command', message, errors, tried: triedType(input) };
}

function below(errors: readonly InputError[], root: string | undefined): readonly InputError[] {
  if (root === undefined) return errors;
  return errors.map(({ path, message }) => ({ path: path === root ? root : `${root}.${path}`, message }));
}

/** The type that an invalid command names, where there is one of that name. */
function triedType(input: unknown): string | undefined {
  const type = isObject(input) ? input.type : undefined;
  return commandTypes.find((each) => each === type);
}

function contradictions(body: unknown, known: Readonly<Record<string, string>>): readonly InputError[] {
  const errors: InputError[] = [];
  if (!isObject(body)) return errors;
  for (const path in known) {
    const value = known[path];
    if (body[path] === undefined || body[path] === value) continue;
    errors.push({ path, message: `expected ${value}, as the address says; leave it out` });
  }
  return errors;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
