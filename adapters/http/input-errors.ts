/** What is wrong with an input, field by field, in words that say what would be right. */
import type { z } from 'zod';
import { inputErrorsMax, inputPathCharactersMax } from './limits.ts';

export interface InputError {
  /** Where, as `data.fields.priority` or `commands[3].actor`. */
  readonly path: string;
  readonly message: string;
}

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

/** At most `inputErrorsMax` mistakes of an input; `root` is what to call the input itself. */
export function inputErrors(error: z.ZodError, input: unknown, root: string): readonly InputError[] {
  return error.issues.flatMap((issue) => describe(issue, input, root)).slice(0, inputErrorsMax);
}

/** The first mistake in one sentence, and how many more there are. */
export function inputErrorsText(errors: readonly InputError[]): string {
  const [first] = errors;
  if (first === undefined) return 'the input does not have the right shape';
  const more = errors.length === 1 ? '' : ` (and ${errors.length - 1} more)`;
  return `${first.path}: ${first.message}${more}`;
}

function describe(issue: Issue, input: unknown, root: string): readonly InputError[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => at([...issue.path, key], root, 'is not known here; leave it out'));
  }
  const right = expectation(issue);
  const missing = valueAt(input, issue.path) === undefined;
  return [at(issue.path, root, missing ? `is required: ${right}` : right)];
}

/** What would be right, from what zod says is wrong. */
function expectation(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${issue.expected}`;
    case 'invalid_value':
      return `expected ${issue.values.map(String).join(' or ')}`;
    case 'invalid_key':
      return `the name must be ${issue.issues.map(expectation).join(' and ')}`;
    case 'invalid_union': {
      if (issue.discriminator !== undefined && 'options' in issue) {
        return `expected one of ${issue.options.map(String).join(', ')}`;
      }
      return [...new Set(issue.errors.flat().map(expectation))].join(', or ');
    }
    case 'invalid_format':
      return issue.format === 'datetime'
        ? 'expected an ISO 8601 time with a zone, such as 2026-01-31T09:00:00Z'
        : issue.message;
    default:
      return issue.message;
  }
}

function valueAt(input: unknown, path: Path): unknown {
  let value = input;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = Reflect.get(value, key);
  }
  return value;
}

function at(path: Path, root: string, message: string): InputError {
  if (path.length === 0) return { path: root, message };
  const text = path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');
  return { path: text.slice(text.startsWith('.') ? 1 : 0, inputPathCharactersMax), message };
}
