/** Values of the address's query, which all arrive as text. */
import { z } from 'zod';
import { epochMsMax, timeSchema } from '../../domain/ticket/values.ts';

const integer = /^-?\d{1,16}$/;

/** How a value reads in the address, as JSON Schema, where zod only knows the text that it is made from. */
const wires = new WeakMap<object, Readonly<Record<string, unknown>>>();

export function wireOf(schema: object): Readonly<Record<string, unknown>> | undefined {
  return wires.get(schema);
}

/** Says of a schema how its value reads in the address, for the OpenAPI document. */
export function onTheWire<S extends z.ZodType>(schema: S, wire: Readonly<Record<string, unknown>>): S {
  wires.set(schema, wire);
  return schema;
}

export function wholeNumber(min: number, max: number) {
  const schema = z
    .string()
    .regex(integer, 'expected a whole number')
    .transform(Number)
    .pipe(z.int().min(min, `expected at least ${min}`).max(max, `expected at most ${max}`));
  return onTheWire(schema, { type: 'integer', minimum: min, maximum: max });
}

/** A time as commands take it: ISO 8601 with a zone, or epoch milliseconds. */
export const queryTimeSchema = onTheWire(
  z
    .string()
    .transform((text) => (integer.test(text) ? Number(text) : text))
    .pipe(timeSchema),
  {
    anyOf: [
      { type: 'string', format: 'date-time' },
      { type: 'integer', minimum: -epochMsMax, maximum: epochMsMax },
    ],
  },
);

/** One or more of some words, joined by commas. */
export function wordList<W extends string>(words: readonly W[]) {
  const schema = z
    .string()
    .transform((text) => text.split(','))
    .pipe(z.array(z.enum(words)).max(words.length));
  // OpenAPI's `explode: false`: one parameter, its items joined by commas.
  return onTheWire(schema, {
    type: 'array',
    items: { type: 'string', enum: words },
    minItems: 1,
    maxItems: words.length,
  });
}
