/** What a list of tickets may be asked: filters, order, words and page, as they stand in the address. */
import { z } from 'zod';
import type { TicketAttribute } from '../../domain/access/guard.ts';
import { fieldNameSchema, nameCharactersMax } from '../../domain/ticket/values.ts';
import { categories } from '../../domain/workflow/transition.ts';
import type { ListPeriod, ListQuestion } from '../../projections/ticket-list.ts';
import { listSorts } from '../../projections/ticket-list-order.ts';
import { type HttpLimits, httpLimits } from './limits.ts';
import { minPositionQuery } from './position-waits.ts';
import { queryTimeSchema, wholeNumber } from './query-values.ts';

const fieldPrefix = 'field.';
const backwards = listSorts.map((sort) => `-${sort}` as const);

/** What every question may have; fields of tickets come beside it, as `field.<name>`. */
function knownParameters(limits: HttpLimits) {
  const values = valueList(z.string().max(nameCharactersMax), limits.filterValuesMax);
  const orNone = (what: string) =>
    values.optional().meta({ description: `${what}, joined by commas; an empty one stands for none.` });
  const time = (what: string) => queryTimeSchema.optional().meta({ description: what });
  return {
    status: values.optional().meta({ description: 'Lifecycle states, by the names of their workflow.' }),
    category: valueList(z.enum(categories), limits.filterValuesMax)
      .optional()
      .meta({ description: `Categories of the state: ${categories.join(', ')}.` }),
    workflow: values.optional().meta({ description: 'Workflows by name, or by name@version.' }),
    assignee: orNone('Agents'),
    group: orNone('Groups'),
    requester: orNone('Requesters'),
    priority: orNone('Values of the field priority'),
    closed: z
      .enum(['true', 'false'])
      .transform((text) => text === 'true')
      .optional()
      .meta({ description: 'Whether the work is over for good.' }),
    'opened-from': time('Opened at this time or later.'),
    'opened-to': time('Opened before this time.'),
    'updated-from': time('With a last event that happened at this time or later.'),
    'updated-to': time('With a last event that happened before this time.'),
    'resolved-from': time('Resolved, and still so, at this time or later.'),
    'resolved-to': time('Resolved, and still so, before this time.'),
    q: z
      .string()
      .min(1)
      .max(limits.searchCharactersMax)
      .optional()
      .meta({
        description:
          'Words that are all in the fields, or all in one comment, or a whole id: `printer "out of paper" or toner`.' +
          ' `-word` leaves out.',
      }),
    sort: z
      .enum([...listSorts, ...backwards])
      .default('-opened')
      .meta({
        description: 'The order; with - the other way round. By priority the most urgent comes first.',
      }),
    limit: wholeNumber(1, limits.listPageMax).default(limits.listPageDefault),
    cursor: z
      .string()
      .min(1)
      .max(limits.cursorCharactersMax)
      .optional()
      .meta({ description: 'The `next` of the page before.' }),
    ...minPositionQuery,
  } as const;
}

const exampleOfKnown = z.object(knownParameters(httpLimits));
export type ListQuery = z.output<typeof exampleOfKnown>;

/** The query of the address; whatever is neither known nor a field of tickets is refused. */
export function listQuerySchema(limits: HttpLimits) {
  const known = knownParameters(limits);
  const values = valueList(z.string().max(nameCharactersMax), limits.filterValuesMax);
  return z
    .object(known)
    .catchall(values.meta({ description: '`field.<name>`: values of any field, joined by commas.' }))
    .superRefine((query, context) => {
      const others = Object.keys(query).filter((name) => !Object.hasOwn(known, name));
      const refuse = (name: string, message: string) =>
        context.addIssue({ code: 'custom', path: [name], message });
      for (const name of others) if (!isFieldFilter(name)) refuse(name, 'is not known here; leave it out');
      for (const name of others.slice(limits.fieldFiltersMax)) {
        refuse(name, `at most ${limits.fieldFiltersMax} fields may be asked for`);
      }
    });
}

/** The question that a query asks, in one spelling: the same query always makes the same JSON. */
export function questionOf(query: ListQuery): ListQuestion {
  const { status, category, workflow, assignee, group, requester, priority, closed, q, sort } = query;
  const order = listSorts.find((each) => sort.endsWith(each)) ?? 'opened';
  const fields = Object.entries<unknown>(query).flatMap(([name, values]) =>
    isFieldFilter(name) && Array.isArray(values) ? [{ name: name.slice(fieldPrefix.length), values }] : [],
  );
  return {
    status,
    category,
    workflow,
    assignee,
    group,
    requester,
    priority,
    closed,
    opened: period(query['opened-from'], query['opened-to']),
    updated: period(query['updated-from'], query['updated-to']),
    resolved: period(query['resolved-from'], query['resolved-to']),
    fields: fields.sort((left, right) => (left.name < right.name ? -1 : 1)),
    words: q,
    sort: order,
    descending: sort.startsWith('-'),
  };
}

/**
 * The fields and attributes, by their names in access rules, that the answer depends on beside the words:
 * who may not see one of them on a ticket must not learn of it by whether, or where, the ticket is listed.
 */
export function dependsOn(question: ListQuestion): readonly string[] {
  const { status, category, closed, assignee, group, requester, priority, resolved, fields, sort } = question;
  const attributes: readonly (readonly [TicketAttribute | 'priority', boolean])[] = [
    ['state', status !== undefined || category !== undefined || closed !== undefined],
    ['assignee', assignee !== undefined],
    ['group', group !== undefined],
    ['requester', requester !== undefined],
    ['resolution', resolved !== undefined],
    ['priority', priority !== undefined || sort === 'priority'],
  ];
  const named = attributes.filter(([, isAsked]) => isAsked).map(([name]) => name);
  return [...new Set([...named, ...fields.map(({ name }) => name)])];
}

function isFieldFilter(name: string): boolean {
  return name.startsWith(fieldPrefix) && fieldNameSchema.safeParse(name.slice(fieldPrefix.length)).success;
}

function period(from: number | undefined, to: number | undefined): ListPeriod | undefined {
  return from === undefined && to === undefined ? undefined : { from, to };
}

/** Values joined by commas; one that holds a comma itself writes it with a backslash before it. */
function valueList<Value extends z.ZodType<unknown, string>>(value: Value, most: number) {
  return z
    .string()
    .transform((text) => text.split(/(?<!\\),/).map((each) => each.replaceAll('\\,', ',')))
    .pipe(z.array(value).max(most, `expected at most ${most} values`));
}
