/**
 * Programs for tools are real files beside this one, checked and read like any other, with one line where the
 * plan goes. Nothing else of them is ever put together from pieces.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The program in that file, with the line `placeholder` replaced. */
export function filledIn(file: string, placeholder: string, line: string): string {
  const parts = readFileSync(join(import.meta.dirname, file), 'utf8').split(`\n${placeholder}\n`);
  const [before, after] = parts;
  if (before === undefined || after === undefined || parts.length !== 2) {
    throw new Error(`bug: ${file} does not have the line '${placeholder}' exactly once`);
  }
  return `${before}\n${line}\n${after}`;
}
