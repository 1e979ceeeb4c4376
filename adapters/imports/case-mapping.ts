/**
 * How another system's event log is to be read: which column or attribute is the case, the activity, the
 * time and so on, and which workflow its activities are states of. A mapping is a JSON file that a person
 * writes, so every mistake in it is told with its path. XES says most of this itself; there, a mapping only
 * says what is different.
 */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { Fault } from '../../domain/errors.ts';
import { fieldNameSchema, nameSchema, textSchema } from '../../domain/ticket/values.ts';
import { isTimeFormat, isZone } from './case-times.ts';

export const mappedFieldsMax = 100;
export const mappingBytesMax = 1_048_576;

const column = z.string().min(1).max(1_000);
export const fieldTypes = ['text', 'number', 'flag', 'time'] as const;
export type MappedFieldType = (typeof fieldTypes)[number];

const fieldSource = z
  .union([column, z.strictObject({ column, type: z.enum(fieldTypes).default('text') })], {
    error: `a column's name, or {"column": …, "type": ${fieldTypes.map((type) => `"${type}"`).join(' | ')}}`,
  })
  .transform((source) => (typeof source === 'string' ? { column: source, type: 'text' as const } : source));
const fieldSources = z
  .record(fieldNameSchema, fieldSource)
  .refine((fields) => Object.keys(fields).length <= mappedFieldsMax, `at most ${mappedFieldsMax} fields`);

const time = z.strictObject({
  column: column.optional(),
  /** `iso`, `epoch-ms`, `epoch-s`, or a pattern such as `d/M/yyyy HH:mm`. */
  format: z
    .string()
    .refine(isTimeFormat, 'iso, epoch-ms, epoch-s, or a pattern of yyyy M MM d dd H HH h hh a m mm s ss S')
    .default('iso'),
  /** Of times that name none themselves. */
  zone: z.string().refine(isZone, 'a time zone such as Europe/Berlin').default('UTC'),
});

export const caseMappingSchema = z
  .strictObject({
    format: z.enum(['csv', 'xes']).default('csv'),
    delimiter: z
      .string()
      .length(1)
      .refine((text) => !/["\r\n]/.test(text), 'one character, no quote and no line break')
      .default(','),
    caseId: column.optional(),
    activity: column.optional(),
    lifecycle: column.optional(),
    time: time.optional(),
    resource: column.optional(),
    group: column.optional(),
    /** Docket's field and where it comes from; absent: all other columns, under names made of theirs. */
    fields: fieldSources.optional(),
    /** The same for what is said of the case as a whole. */
    caseFields: fieldSources.optional(),
    /** Texts that stand for no value, beside the empty one. */
    missing: z.array(z.string().max(1_000)).max(100).default([]),
    workflow: nameSchema.optional(),
    /** The workflow's state for an activity; one that is not named is looked for by its own name. */
    states: z.record(textSchema, nameSchema).optional(),
    /** Why, for activities whose command needs a reason, as `HoldTicket` and `CancelTicket` do. */
    reasons: z.record(textSchema, nameSchema).optional(),
  })
  .superRefine((mapping, context) => {
    if (mapping.format !== 'csv') return;
    const required = {
      caseId: mapping.caseId,
      activity: mapping.activity,
      'time.column': mapping.time?.column,
    };
    for (const [name, value] of Object.entries(required)) {
      if (value !== undefined) continue;
      const message = 'the name of a column is required for CSV';
      context.addIssue({ code: 'custom', path: name.split('.'), message });
    }
  });
export type CaseMapping = z.infer<typeof caseMappingSchema>;

/** Throws `Fault('input_unreadable')` that names the file and every path in it that is wrong. */
export async function readMapping(file: string): Promise<CaseMapping> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw unusable(file, cause instanceof Error ? cause.message : String(cause));
  });
  if (text.length > mappingBytesMax) throw unusable(file, `it is longer than ${mappingBytesMax} characters`);
  return parseMapping(jsonOf(file, text), file);
}

/** As `readMapping`, of what the file holds. */
export function parseMapping(json: unknown, file: string): CaseMapping {
  const { data, error } = caseMappingSchema.safeParse(json);
  if (data !== undefined) return data;
  const problems = error.issues.map(({ path, message }) => `${path.join('.') || 'the mapping'}: ${message}`);
  throw unusable(file, problems.join('; '));
}

function jsonOf(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw unusable(file, cause instanceof Error ? cause.message : String(cause));
  }
}

function unusable(file: string, why: string): Fault {
  return new Fault('input_unreadable', `${file} is no usable mapping: ${why}`);
}
