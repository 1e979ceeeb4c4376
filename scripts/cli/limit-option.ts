/**
 * `--limit NAME=NUMBER`: the bounds of the HTTP server from the command line, by the names that limits.ts
 * gives.
 */
import { InvalidArgumentError } from 'commander';
import { type HttpLimits, httpLimits } from '../../adapters/http/limits.ts';

/**
 * Adds one bound to those that were given before it. Throws commander's error for any other name or value.
 */
export function readLimit(text: string, given: Partial<HttpLimits>): Partial<HttpLimits> {
  const [name = '', value = '', ...more] = text.split('=');
  if (!isLimit(name)) {
    throw new InvalidArgumentError(
      `There is no limit ${name}. There are ${Object.keys(httpLimits).join(', ')}.`,
    );
  }
  const number = Number(value);
  if (more.length > 0 || value === '' || !Number.isSafeInteger(number) || number < 1) {
    throw new InvalidArgumentError(
      `${name} must be a whole number of at least 1, as ${name}=${httpLimits[name]}.`,
    );
  }
  return { ...given, [name]: number };
}

function isLimit(name: string): name is keyof HttpLimits {
  return Object.hasOwn(httpLimits, name);
}
