/** Bounds from the command line: known names and whole numbers, and all of them on their page. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { httpLimits } from '../../../adapters/http/limits.ts';
import { readLimit } from '../../../scripts/cli/limit-option.ts';

describe('--limit', () => {
  it('takes bounds one after the other', () => {
    const given = readLimit('bodyBytesMax=1000', {});
    expect(readLimit('connectionsMax=7', given)).toEqual({ bodyBytesMax: 1_000, connectionsMax: 7 });
  });

  it.each([
    ['bodyBytes=1', /There is no limit bodyBytes\. There are bodyBytesMax, /],
    ['constructor=1', /There is no limit constructor/],
    ['', /There is no limit/],
    ['connectionsMax', /connectionsMax must be a whole number of at least 1, as connectionsMax=16384/],
    ['connectionsMax=', /must be a whole number/],
    ['connectionsMax=0', /must be a whole number/],
    ['connectionsMax=1.5', /must be a whole number/],
    ['connectionsMax=1=2', /must be a whole number/],
  ])('refuses %j', (text, message) => {
    expect(() => readLimit(text, {})).toThrow(message);
  });
});

describe('docs/http-server.md', () => {
  it('names every limit, and none that is not there', () => {
    const page = readFileSync(join(import.meta.dirname, '../../../docs/http-server.md'), 'utf8');
    const table = page.slice(page.indexOf('## Limits'), page.indexOf('## Stopping'));
    const rows = table.split('\n').filter((line) => line.startsWith('| '));
    const named = rows.flatMap((row) => [...row.matchAll(/`(\w+)`/g)].map(([, name]) => name));
    expect([...named].sort()).toEqual(Object.keys(httpLimits).sort());
  });
});
