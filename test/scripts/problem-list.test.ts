/** The list of problems in docs/ is the one that the server answers by. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { errorTable } from '../../domain/errors.ts';
import { problemFile, problemList } from '../../scripts/problem-list.ts';

it('is up to date', () => {
  const help = 'it is out of date: run `node scripts/problem-list.ts --write`';
  expect(readFileSync(problemFile, 'utf8') === problemList(), help).toBe(true);
});

it('has every code of the one table', () => {
  for (const code of Object.keys(errorTable)) expect(problemList()).toContain(`| \`${code}\` |`);
});
