/**
 * Case events from the elements of an XES file: the standard's keys where a mapping says nothing else, typed
 * values as fields, nested attributes under the name of the one they belong to, and the log's globals for
 * attributes that an event or trace lacks.
 *
 * It must never make up what a case event stands on: its case, its activity and its time are taken from the
 * element itself, never from a global.
 */
import { type FieldValue, nameCharactersMax, tagCountMax } from '../../domain/ticket/values.ts';
import type { CaseEvent } from './case-event.ts';
import type { CaseMapping } from './case-mapping.ts';
import { timeReader } from './case-times.ts';
import { FieldNames, fieldNamesMax } from './field-names.ts';
import { ImportProblem, type Malformed, missing, timeOr, unreadable } from './import-problem.ts';
import type { XesAttribute, XesEvent, XesFlaw, XesHeader, XesTrace } from './xes-elements.ts';

/** The keys of the standard's extensions. */
const standardKeys = {
  caseId: 'concept:name',
  activity: 'concept:name',
  time: 'time:timestamp',
  lifecycle: 'lifecycle:transition',
  resource: 'org:resource',
  group: 'org:group',
};

const readTime = timeReader('iso', 'UTC');
const rightTime = 'a time such as 2016-03-01T08:10:00.000+01:00';

type Values = Readonly<Record<string, FieldValue>>;

/** What is the same for all events of a trace. */
interface Case {
  readonly trace: XesTrace;
  readonly caseId: string | undefined;
  readonly values: Values | ImportProblem;
}

export class XesCases {
  readonly #mapping: CaseMapping | undefined;
  readonly #header: XesHeader;
  readonly #keys: typeof standardKeys;
  readonly #own: ReadonlySet<string>;
  readonly #missing: ReadonlySet<string>;
  readonly #names = new FieldNames();
  #case: Case | undefined;

  constructor(header: XesHeader, mapping: CaseMapping | undefined) {
    this.#header = header;
    this.#mapping = mapping;
    this.#missing = new Set(['', ...(mapping?.missing ?? [])]);
    this.#keys = {
      caseId: mapping?.caseId ?? standardKeys.caseId,
      activity: mapping?.activity ?? standardKeys.activity,
      time: mapping?.time?.column ?? standardKeys.time,
      lifecycle: mapping?.lifecycle ?? standardKeys.lifecycle,
      resource: mapping?.resource ?? standardKeys.resource,
      group: mapping?.group ?? standardKeys.group,
    };
    const { activity, time, lifecycle, resource, group } = this.#keys;
    this.#own = new Set([activity, time, lifecycle, resource, group]);
  }

  read(event: XesEvent): CaseEvent | Malformed {
    const its = this.#caseOf(event.trace);
    const read = this.#eventOf(event, its);
    return read instanceof ImportProblem ? this.#malformed(event, its.caseId, read) : read;
  }

  /** An element that is not as XES wants it. */
  flawed(flaw: XesFlaw): Malformed {
    const caseId = flaw.trace === undefined ? undefined : this.#caseOf(flaw.trace).caseId;
    return this.#malformed(flaw, caseId, malformedElement(flaw.message));
  }

  #caseOf(trace: XesTrace): Case {
    if (this.#case?.trace === trace) return this.#case;
    const { caseId: key } = this.#keys;
    const values = this.#valuesOf(trace.attributes, this.#header.traceGlobals, {
      own: new Set([key]),
      prefix: 'case:',
      sources: this.#mapping?.caseFields,
    });
    this.#case = { trace, caseId: this.#text(trace.attributes, key), values };
    return this.#case;
  }

  #eventOf({ attributes, line }: XesEvent, its: Case): CaseEvent | ImportProblem {
    const { caseId: caseKey, activity: activityKey, time, lifecycle, resource, group } = this.#keys;
    if (its.caseId === undefined) return missing(`${caseKey} of the trace`, 'the id of the case');
    if (its.values instanceof ImportProblem) return its.values;
    const activity = this.#text(attributes, activityKey);
    if (activity === undefined) return missing(activityKey, 'what was done');
    const at = timeOr(time, this.#text(attributes, time), readTime, rightTime);
    if (at instanceof ImportProblem) return at;
    const { eventGlobals } = this.#header;
    const values = this.#valuesOf(attributes, eventGlobals, {
      own: this.#own,
      prefix: '',
      sources: this.#mapping?.fields,
    });
    if (values instanceof ImportProblem) return values;
    const orGlobal = (key: string) => this.#text(attributes, key) ?? this.#text(eventGlobals, key);
    return {
      caseId: its.caseId,
      activity,
      lifecycle: orGlobal(lifecycle),
      at,
      resource: orGlobal(resource),
      group: orGlobal(group),
      attributes: values,
      caseAttributes: its.values,
      line,
    };
  }

  #text(attributes: readonly XesAttribute[], key: string): string | undefined {
    const value = attributes.find((each) => each.key === key)?.value;
    return value === undefined || this.#missing.has(value) ? undefined : value;
  }

  #valuesOf(
    attributes: readonly XesAttribute[],
    globals: readonly XesAttribute[],
    wanted: { own: ReadonlySet<string>; prefix: string; sources: CaseMapping['fields'] },
  ): Values | ImportProblem {
    const lacking = globals.filter(({ key }) => !attributes.some((each) => each.key === key));
    const leaves: Leaf[] = [];
    for (const attribute of lacking.length === 0 ? attributes : [...attributes, ...lacking]) {
      if (wanted.own.has(attribute.key))
        leaves.push(...attribute.children.flatMap((each) => leavesOf(each, attribute.key)));
      else leaves.push(...leavesOf(attribute, ''));
    }
    const fieldOf = wanted.sources === undefined ? undefined : fieldByKey(wanted.sources);
    const values: Record<string, FieldValue> = {};
    for (const { key, value } of leaves) {
      if (typeof value === 'string' && this.#missing.has(value)) continue;
      const field = fieldOf === undefined ? this.#names.of(`${wanted.prefix}${key}`) : fieldOf.get(key);
      if (fieldOf !== undefined && field === undefined) continue;
      if (value instanceof ImportProblem) return value;
      if (field === undefined) return tooManyNames;
      values[field] = value;
    }
    return values;
  }

  #malformed(
    { line, attributes }: XesEvent | XesFlaw,
    caseId: string | undefined,
    problem: ImportProblem,
  ): Malformed {
    const record = Object.fromEntries(attributes.map(({ key, value }) => [key, value]));
    return { problem, line, caseId, record };
  }
}

interface Leaf {
  readonly key: string;
  readonly value: FieldValue | ImportProblem;
}

/** An attribute and those within it, each under its full name, such as `cost:item:price`. */
function leavesOf(attribute: XesAttribute, above: string): Leaf[] {
  const { type, children } = attribute;
  const key = above === '' ? attribute.key : `${above}:${attribute.key}`;
  if (type === 'container') return children.flatMap((each) => leavesOf(each, key));
  if (type === 'list') {
    const texts = plainTexts(children);
    if (texts !== undefined) return [{ key, value: texts }];
    return children.flatMap((each, index) => leavesOf(each, `${key}:${index + 1}`));
  }
  const own = { key, value: fieldValueOf(attribute) };
  return children.length === 0 ? [own] : [own, ...children.flatMap((each) => leavesOf(each, key))];
}

/** A list of texts as a ticket's field can hold it; `undefined` for any other list. */
function plainTexts(items: readonly XesAttribute[]): string[] | undefined {
  if (items.length > tagCountMax) return undefined;
  const plain = items.every(
    ({ type, value, children }) =>
      (type === 'string' || type === 'id') && children.length === 0 && value.length <= nameCharactersMax,
  );
  return plain ? items.map(({ value }) => value) : undefined;
}

function fieldValueOf({ type, key, value }: XesAttribute): FieldValue | ImportProblem {
  switch (type) {
    case 'int': {
      if (!/^\s*[+-]?\d{1,400}\s*$/.test(value)) return unreadable(key, value, 'a whole number');
      const number = Number(value);
      // A number that a double can not hold stays a text: its last digits would be lost.
      return Number.isSafeInteger(number) ? number : value;
    }
    case 'float': {
      const number = /^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$/.test(value) ? Number(value) : Number.NaN;
      if (Number.isFinite(number)) return number;
      // XML knows numbers that are none; a field holds them as the text they are.
      return /^(NaN|[+-]?INF)$/.test(value) ? value : unreadable(key, value, 'a number such as 3.5');
    }
    case 'boolean':
      if (value === 'true' || value === '1') return true;
      return value === 'false' || value === '0' ? false : unreadable(key, value, 'true or false');
    case 'date':
      return readTime(value) === undefined ? unreadable(key, value, rightTime) : value;
    default:
      return value;
  }
}

function fieldByKey(sources: NonNullable<CaseMapping['fields']>): ReadonlyMap<string, string> {
  return new Map(Object.entries(sources).map(([field, { column }]) => [column, field]));
}

function malformedElement(message: string): ImportProblem {
  return new ImportProblem('malformed_element', undefined, message);
}

const tooManyNames = malformedElement(
  `the file has more than ${fieldNamesMax} attribute keys; name those that matter in a mapping's fields`,
);
