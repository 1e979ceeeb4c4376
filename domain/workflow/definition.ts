/**
 * A workflow as data: what a JSON file says of states, their categories and the ways between them. It can be
 * written by hand or drafted from another system's log (`docket workflow discover`), is read here, and
 * becomes a machine like the built-in ones in `from-data.ts`.
 *
 * It must never grow rules of its own: everything that a definition can say, a machine can.
 */
import { z } from 'zod';
import { nameSchema, roleSchema, textSchema } from '../ticket/values.ts';
import { WorkflowProblem } from './compile.ts';
import { type GuardName, guardNames, isGuardName } from './guards.ts';
import { labelOfKey, stateKeyOf } from './state-spelling.ts';
import { categories, isTransitionType, type TransitionType } from './transition.ts';

/** More than that is not read by anybody; logs with more activities are to be read by another column. */
export const statesMax = 200;
export const movesMax = statesMax * statesMax;
export const regionsMax = 4;

const stateKeySchema = nameSchema.superRefine((key, { addIssue }) => {
  if (labelOfKey(key) !== undefined) return;
  const message = key.isWellFormed()
    ? `${JSON.stringify(key)} can not be a state's key; write ${JSON.stringify(stateKeyOf(key))}`
    : 'a state key must be sound Unicode text';
  addIssue({ code: 'custom', message });
});

const transitionTypeSchema = z.custom<TransitionType>(
  (name) => typeof name === 'string' && isTransitionType(name) && name !== 'MoveTicket',
  'must be the name of a command other than OpenTicket; where MoveTicket leads to is said in "moves"',
);
const guardSchema = z.custom<GuardName>(
  (name) => typeof name === 'string' && isGuardName(name),
  `must be one of the guards ${guardNames.join(', ')}`,
);

const rule = {
  by: z.array(roleSchema).min(1).optional(),
  when: z.array(guardSchema).default([]),
};
/** To where; the same state where absent. */
const answerSchema = z.strictObject({ to: stateKeySchema.optional(), ...rule });
const answersSchema = z.union([answerSchema.transform((answer) => [answer]), z.array(answerSchema).min(1)]);
const onSchema = z.partialRecord(transitionTypeSchema, answersSchema).default({});
export type Answers = z.infer<typeof onSchema>;

const stateSchema = z.strictObject({
  /** What the state is called outside; what its key spells where absent. */
  label: nameSchema.optional(),
  category: z.enum(categories),
  /** Commands beside `MoveTicket` and those that every state takes; a command named here replaces those. */
  on: onSchema,
});

const moveSchema = z.strictObject({
  from: stateKeySchema,
  to: stateKeySchema,
  ...rule,
  /** How often it was observed, where the workflow was drafted from a log. */
  count: z.int().min(0).optional(),
});

const regionSchema = z.strictObject({
  initial: stateKeySchema,
  states: z.record(stateKeySchema, z.strictObject({ on: onSchema })),
});

const observedSchema = z.strictObject({
  cases: z.int().min(0),
  events: z.int().min(0),
  since: z.iso.datetime().optional(),
  until: z.iso.datetime().optional(),
});

const shapeSchema = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9_-]{0,63}$/, 'lower-case letters, digits, _ and -, at most 64'),
  version: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$/, 'letters, digits and . _ -, at most 32'),
  description: textSchema,
  initial: stateKeySchema,
  states: z
    .record(stateKeySchema, stateSchema)
    .refine((states) => Object.keys(states).length <= statesMax, `at most ${statesMax} states`),
  moves: z.array(moveSchema).max(movesMax).default([]),
  /** Regions beside the lifecycle; one for the assignment where absent, none for `{}`. */
  regions: z
    .record(z.string().regex(/^[a-z][a-z0-9_]{0,31}$/), regionSchema)
    .refine((regions) => Object.keys(regions).length <= regionsMax, `at most ${regionsMax} regions`)
    .optional(),
  observed: observedSchema.optional(),
});

export const definitionSchema = shapeSchema.superRefine((definition, { addIssue }) => {
  for (const { path, message } of looseEnds(definition)) addIssue({ code: 'custom', path, message });
});
export type WorkflowDefinition = z.infer<typeof shapeSchema>;
/** A definition as it is written down: what has a default may be left out. */
export type DraftDefinition = z.input<typeof shapeSchema>;

/** Reads a definition. Throws `WorkflowProblem` with a sentence for each mistake that names its path. */
export function readDefinition(value: unknown, called = 'without a name'): WorkflowDefinition {
  const parsed = definitionSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => {
    // Of a key that is wrong, zod only says so; why it is, the key's own schema says.
    const why = issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message;
    return `${inWords(issue.path)}: ${why}`;
  });
  throw new WorkflowProblem(called, problems);
}

/** What a state is called outside. */
export function labelOf(key: string, state: { readonly label?: string | undefined } | undefined): string {
  return state?.label ?? labelOfKey(key) ?? key;
}

interface LooseEnd {
  readonly path: (string | number)[];
  readonly message: string;
}

/** States that are spoken of but are not there, moves told twice, and labels that two states share. */
function looseEnds({ initial, states, moves, regions = {} }: WorkflowDefinition): LooseEnd[] {
  const found: LooseEnd[] = [];
  const known = (key: string, among: object, ...path: (string | number)[]) => {
    if (!Object.hasOwn(among, key)) found.push({ path, message: `there is no state ${JSON.stringify(key)}` });
  };
  known(initial, states, 'initial');
  const labels = new Map<string, string>();
  for (const [key, state] of Object.entries(states)) {
    const label = labelOf(key, state);
    const other = labels.get(label);
    if (other !== undefined)
      found.push({ path: ['states', key, 'label'], message: `${other} is called ${label} too` });
    labels.set(label, key);
    knownTargets(state.on, states, known, 'states', key);
  }
  const pairs = new Set<string>();
  for (const [index, { from, to }] of moves.entries()) {
    known(from, states, 'moves', index, 'from');
    known(to, states, 'moves', index, 'to');
    const pair = `${from}/${to}`;
    if (pairs.has(pair)) found.push({ path: ['moves', index], message: `${from} to ${to} was told before` });
    pairs.add(pair);
  }
  for (const [name, region] of Object.entries(regions)) {
    if (name === 'lifecycle') {
      found.push({ path: ['regions', name], message: 'the lifecycle is given by "states" and "moves"' });
    }
    known(region.initial, region.states, 'regions', name, 'initial');
    for (const [key, { on }] of Object.entries(region.states)) {
      knownTargets(on, region.states, known, 'regions', name, 'states', key);
    }
  }
  return found;
}

function knownTargets(
  on: Answers,
  among: object,
  known: (key: string, among: object, ...path: (string | number)[]) => void,
  ...path: string[]
): void {
  for (const [command, answers = []] of Object.entries(on)) {
    for (const { to } of answers) if (to !== undefined) known(to, among, ...path, 'on', command, 'to');
  }
}

/** A path such as `states.Closed.category` or `moves[3].to`. */
function inWords(path: readonly PropertyKey[]): string {
  const text = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('');
  return text === '' ? 'the definition' : text.replace(/^\./, '');
}
