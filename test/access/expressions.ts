/**
 * Expressions for generated rules: each a text in CEL and, written by hand beside it, what it comes to. The
 * text goes to the guard, the predicate to the naive implementation.
 */
import fc from 'fast-check';
import type { Predicate, Seen, SeenTicket } from './naive-access.ts';

export interface Told {
  readonly text: string;
  /** `undefined` where the expression can not be evaluated. */
  readonly predicate: Predicate;
}

const told = (text: string, predicate: Predicate): Told => ({ text, predicate });

/** `ticket.fields.cost > 5`: there must be one, and it must be a number. */
const costsMoreThan5 = ({ fields: { cost } }: SeenTicket) =>
  typeof cost === 'number' ? cost > 5 : undefined;
/** `ticket.fields.cost + 1 > 5`: beside, it must be a whole one, as `1` is. */
const costsAndOneMoreThan5 = ({ fields: { cost } }: SeenTicket) =>
  Number.isInteger(cost) ? Number(cost) + 1 > 5 : undefined;

const aboutUser: readonly Told[] = [
  told('"lead" in user.roles', ({ user }) => user.roles.includes('lead')),
  told('"nobody" in user.roles', () => false),
  told('!("desk" in user.roles)', ({ user }) => !user.roles.includes('desk')),
  told('user.role == "agent"', ({ user }) => user.role === 'agent'),
  told('user.principal == "key:ana"', ({ user }) => user.principal === 'key:ana'),
  told('"network" in user.groups', ({ user }) => user.groups.includes('network')),
  told('size(user.groups) > 0', ({ user }) => user.groups.length > 0),
  told('user.id', ({ user }) => user.id),
  told('user.nothing == 1', () => undefined),
];

/** About a ticket under one of its names: `ticket`, `before` or `after`. */
function aboutTicket(name: string, of: (seen: Seen) => SeenTicket): readonly Told[] {
  const about = (text: string, predicate: (ticket: SeenTicket, seen: Seen) => unknown) =>
    told(text.replaceAll('$', name), (seen) => predicate(of(seen), seen));
  return [
    about('$.requester == user.id', ({ requester }, { user }) => requester === user.id),
    about('$.openedBy == user.id', ({ openedBy }, { user }) => openedBy === user.id),
    about('$.assignee == user.id', ({ assignee }, { user }) => assignee === user.id),
    about('$.offeredTo == user.id', ({ offeredTo }, { user }) => offeredTo === user.id),
    about('$.group in user.groups', ({ group }, { user }) => group !== null && user.groups.includes(group)),
    about('$.group == null', ({ group }) => group === null),
    about('$.assignee != null', ({ assignee }) => assignee !== null),
    about('$.requester', ({ requester }) => requester),
    about('$.state.startsWith("open/")', ({ state }) => state.startsWith('open/')),
    about('$.lifecycle in ["new", "in_progress"]', ({ lifecycle }) =>
      ['new', 'in_progress'].includes(lifecycle),
    ),
    about('$.category == "new"', ({ category }) => category === 'new'),
    about('$.category == ""', ({ category }) => category === ''),
    about('$.category != "resolved"', ({ category }) => category !== 'resolved'),
    about('$.final', (ticket) => ticket.final),
    about('!$.final', (ticket) => !ticket.final),
    about('$.revision > 1', ({ revision }) => revision > 1),
    about('$.workflow == "support"', ({ workflow }) => workflow === 'support'),
    about('$.ticketId == "T-1"', ({ ticketId }) => ticketId === 'T-1'),
    about('$.openedAt == null', ({ openedAt }) => openedAt === null),
    about('$.openedAt > 1000', ({ openedAt }) => (openedAt === null ? undefined : openedAt > 1000)),
    about('$.resolvedAt != null', ({ resolvedAt }) => resolvedAt !== null),
    about('$.resolutionCode == "fixed"', ({ resolutionCode }) => resolutionCode === 'fixed'),
    about('$.mergedInto == "T-2"', ({ mergedInto }) => mergedInto === 'T-2'),
    about('$.hold == "vendor"', ({ hold }) => hold === 'vendor'),
    about('has($.fields.cost)', ({ fields }) => fields.cost !== undefined),
    about('!has($.fields.color)', ({ fields }) => fields.color === undefined),
    about('$.fields.cost > 5', costsMoreThan5),
    about('$.fields.cost + 1 > 5', costsAndOneMoreThan5),
    about('$.fields.color == "red"', ({ fields: { color } }) =>
      color === undefined ? undefined : color === 'red',
    ),
    about('$.nothing == 1', () => undefined),
  ];
}

/** Of no command nothing can be asked but whether there is one. */
const aboutCommand: readonly Told[] = [
  told('command == null', ({ command }) => command === null),
  told('command.type == "ChangeFields"', ({ command }) =>
    command === null ? undefined : command.type === 'ChangeFields',
  ),
  told('command != null && command.type in ["AddComment", "OpenTicket", "MergeTicket"]', ({ command }) =>
    command === null ? false : ['AddComment', 'OpenTicket', 'MergeTicket'].includes(command.type),
  ),
  told('has(command.data.reason)', ({ command }) =>
    command === null ? undefined : command.data.reason !== undefined,
  ),
  told('command.data.public', ({ command }) => command?.data.public),
  told('command.actor.id == user.id', ({ command, user }) =>
    command === null ? undefined : command.actor.id === user.id,
  ),
  told('command.onBehalfOf == null', ({ command }) =>
    command === null ? undefined : command.onBehalfOf === null,
  ),
  told('command.onBehalfOf.role == "requester"', ({ command }) =>
    command === null || command.onBehalfOf === null ? undefined : command.onBehalfOf.role === 'requester',
  ),
  told('before.assignee == after.assignee', ({ before, after }) => before.assignee === after.assignee),
  told('before.group == after.group', ({ before, after }) => before.group === after.group),
  told('before.requester == after.requester', ({ before, after }) => before.requester === after.requester),
  told('before.openedBy == after.openedBy', ({ before, after }) => before.openedBy === after.openedBy),
  told(
    'size(after.fields) > size(before.fields)',
    ({ before, after }) => Object.keys(after.fields).length > Object.keys(before.fields).length,
  ),
];

const truth = (value: unknown) => (typeof value === 'boolean' ? value : undefined);

/** As in CEL: what one side settles, the other can not unsettle, not even by failing. */
function either(left: Told, right: Told): Told {
  return told(`(${left.text}) || (${right.text})`, (seen) => {
    const [one, two] = [truth(left.predicate(seen)), truth(right.predicate(seen))];
    if (one === true || two === true) return true;
    return one === false && two === false ? false : undefined;
  });
}

function both(left: Told, right: Told): Told {
  return told(`(${left.text}) && (${right.text})`, (seen) => {
    const [one, two] = [truth(left.predicate(seen)), truth(right.predicate(seen))];
    if (one === false || two === false) return false;
    return one === true && two === true ? true : undefined;
  });
}

function not(inner: Told): Told {
  return told(`!(${inner.text})`, (seen) => {
    const value = truth(inner.predicate(seen));
    return value === undefined ? undefined : !value;
  });
}

function expressionOf(atoms: readonly Told[]): fc.Arbitrary<Told> {
  const atom = fc.constantFrom(...atoms);
  return fc.oneof(
    { weight: 5, arbitrary: atom },
    { weight: 1, arbitrary: fc.tuple(atom, atom).map(([left, right]) => either(left, right)) },
    { weight: 1, arbitrary: fc.tuple(atom, atom).map(([left, right]) => both(left, right)) },
    { weight: 1, arbitrary: atom.map(not) },
  );
}

export const condition: fc.Arbitrary<Told> = expressionOf([
  ...aboutUser,
  ...aboutTicket('ticket', ({ before }) => before),
]);

export const script: fc.Arbitrary<Told> = expressionOf([
  ...aboutUser,
  ...aboutTicket('before', ({ before }) => before),
  ...aboutTicket('after', ({ after }) => after),
  ...aboutCommand,
  ...aboutCommand,
]);

/** What the expressions of the built-in rules say, in the words of default-policy.ts. */
export const builtInExpressions: ReadonlyMap<string, Predicate> = new Map<string, Predicate>([
  [
    'ticket.requester == user.id || ticket.openedBy == user.id',
    ({ before, user }) => before.requester === user.id || before.openedBy === user.id,
  ],
  [
    'ticket.category == "new" || "lead" in user.roles || "integration" in user.roles',
    ({ before, user }) =>
      before.category === 'new' || user.roles.includes('lead') || user.roles.includes('integration'),
  ],
  [
    'after.requester == null || after.requester == user.id',
    ({ after, user }) => after.requester === null || after.requester === user.id,
  ],
  [
    '!has(command.data.public) || command.data.public',
    ({ command }) =>
      command === null ? undefined : command.data.public === undefined || command.data.public === true,
  ],
]);
