/** Values of the address's query, which all arrive as text. */
import { z } from 'zod';
import { timeSchema } from '../../domain/ticket/values.ts';

const integer = /^-?\d{1,16}$/;

export function wholeNumber(min: number, max: number) {
  return z
    .string()
    .regex(integer, 'expected a whole number')
    .transform(Number)
    .pipe(z.int().min(min, `expected at least ${min}`).max(max, `expected at most ${max}`));
}

/** A time as commands take it: ISO 8601 with a zone, or epoch milliseconds. */
export const queryTimeSchema = z
  .string()
  .transform((text) => (integer.test(text) ? Number(text) : text))
  .pipe(timeSchema);

/** One or more of some words, joined by commas. */
export function wordList<W extends string>(words: readonly W[]) {
  return z
    .string()
    .transform((text) => text.split(','))
    .pipe(z.array(z.enum(words)).max(words.length));
}
