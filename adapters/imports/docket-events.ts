/**
 * The events of Docket's own XES files, read back exactly as they were recorded. Such a file says
 * `docket:format` in its header; everything that an event has stands in attributes of `docket:`, and what XML
 * could not hold stands in `docket:exact`.
 *
 * It must never mend an event: one that is not whole is a problem with the attribute's key.
 */
import { z } from 'zod';
import { Fault } from '../../domain/errors.ts';
import { eventSchema, type RecordedEvent } from '../../domain/ticket/events.ts';
import { epochMsSchema, roleSchema, ticketIdSchema } from '../../domain/ticket/values.ts';
import { timeReader } from './case-times.ts';
import { ImportProblem } from './import-problem.ts';
import { decodeXml, openSniffed } from './read-case-events.ts';
import { readXes, type XesAttribute, type XesEvent, type XesHeader, type XesItem } from './xes-elements.ts';

/** The version of the dialect that is understood. */
export const docketFormat = '1';
const formatKey = 'docket:format';

const readTime = timeReader('iso', 'UTC');
const exactSchema = z.record(z.string(), z.union([z.string(), z.number()]));
const whole = z
  .union([z.int(), z.string().regex(/^\d{1,16}$/, 'a whole number')])
  .transform(Number)
  .pipe(z.int().min(0));
const time = z
  .union([epochMsSchema, z.string()])
  .transform((value) => (typeof value === 'number' ? value : readTime(value)))
  .pipe(epochMsSchema);
const json = z.string().transform((text, context) => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    context.addIssue({ code: 'custom', message: 'JSON' });
    return z.NEVER;
  }
});

/** An event's attributes by key; unknown ones are left alone. */
const attributesSchema = z.object({
  'concept:name': z.string(),
  'time:timestamp': time,
  'org:resource': z.string(),
  'org:role': roleSchema,
  'docket:revision': whole.pipe(z.int().min(1)),
  'docket:position': whole,
  'docket:partition': whole,
  'docket:recordedAt': time,
  'docket:workflow': z.string(),
  'docket:state': z.string(),
  'docket:schemaVersion': whole,
  'docket:onBehalfOfId': z.string().optional(),
  'docket:onBehalfOfRole': roleSchema.optional(),
  'docket:commandId': z.string().optional(),
  'docket:commandDigest': z.string().optional(),
  'docket:correlationId': z.string().optional(),
  'docket:causationId': z.string().optional(),
  'docket:source': z.string().optional(),
  'docket:data': json,
});

/** The event, or why it is none. */
export function docketEventOf({ attributes, trace }: XesEvent): RecordedEvent | ImportProblem {
  const own = valuesOf(attributes);
  if (own instanceof ImportProblem) return own;
  const ofTrace = valuesOf(trace.attributes);
  if (ofTrace instanceof ImportProblem) return ofTrace;
  const ticketId = ticketIdSchema.safeParse(ofTrace['concept:name']);
  if (!ticketId.success) return problem('concept:name of the trace', 'a ticket id');
  const parsed = attributesSchema.safeParse(own);
  if (!parsed.success) return firstIssue(parsed.error);
  const values = parsed.data;
  const event = eventSchema.safeParse({ type: values['concept:name'], data: values['docket:data'] });
  if (!event.success) return firstIssue(event.error);
  const { 'docket:onBehalfOfId': id, 'docket:onBehalfOfRole': role } = values;
  return {
    ...event.data,
    schemaVersion: values['docket:schemaVersion'],
    workflow: values['docket:workflow'],
    state: values['docket:state'],
    occurredAt: values['time:timestamp'],
    actor: { id: values['org:resource'], role: values['org:role'] },
    onBehalfOf: id === undefined || role === undefined ? undefined : { id, role },
    commandId: values['docket:commandId'],
    commandDigest: values['docket:commandDigest'],
    correlationId: values['docket:correlationId'],
    causationId: values['docket:causationId'],
    source: values['docket:source'],
    ticketId: ticketId.data,
    revision: values['docket:revision'],
    partition: values['docket:partition'],
    position: values['docket:position'],
    recordedAt: values['docket:recordedAt'],
  };
}

/** Whether a file is one of Docket's own. Throws `Fault('input_unreadable')` for a dialect not known yet. */
export async function isDocketXes(file: string): Promise<boolean> {
  const { format, bytes, close } = await openSniffed(file);
  if (format !== 'xes') {
    await close();
    return false;
  }
  const header = newHeader();
  // Traces come after the header: with the first of them, all that it says has been read.
  for await (const _ of readXes(decodeXml(bytes, file), file, header)) break;
  const found = header.attributes.find(({ key }) => key === formatKey)?.value;
  if (found !== undefined && found !== docketFormat) {
    const message = `${file} is Docket's XES of format ${found}; this Docket knows format ${docketFormat}`;
    throw new Fault('input_unreadable', message);
  }
  return found !== undefined;
}

/** All elements of a file of Docket's own. */
export async function* readDocketXes(file: string): AsyncGenerator<readonly XesItem[]> {
  const { bytes } = await openSniffed(file);
  yield* readXes(decodeXml(bytes, file), file, newHeader());
}

function newHeader(): XesHeader {
  return { attributes: [], traceGlobals: [], eventGlobals: [], classifiers: [] };
}

function valuesOf(attributes: readonly XesAttribute[]): Record<string, string | number> | ImportProblem {
  const values: Record<string, string | number> = {};
  for (const { key, value } of attributes) values[key] = value;
  const text = values['docket:exact'];
  if (text === undefined) return values;
  const exact = json.pipe(exactSchema).safeParse(text);
  return exact.success ? { ...values, ...exact.data } : problem('docket:exact', 'a JSON object');
}

function problem(key: string, right: string): ImportProblem {
  return new ImportProblem('unreadable_cell', key, `${key} is missing, or is not ${right}`);
}

function firstIssue({ issues }: z.ZodError): ImportProblem {
  const [issue] = issues;
  const key = issue?.path.join('.') ?? 'the event';
  return new ImportProblem('unreadable_cell', key, `${key}: ${issue?.message}`);
}
