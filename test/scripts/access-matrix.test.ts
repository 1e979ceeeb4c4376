/** The page of what the built-in rules come to is what the guard says, and what the naive reading says. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { defaultPolicy } from '../../domain/access/default-policy.ts';
import { builtInWorkflows, defaultWorkflow } from '../../domain/workflow/registry.ts';
import { accessMatrix, accessMatrixFile } from '../../scripts/access-matrix.ts';
import { builtInExpressions } from '../access/expressions.ts';
import { NaiveAccess } from '../access/naive-access.ts';

const page = readFileSync(accessMatrixFile, 'utf8');

it('is up to date', () => {
  const help = 'it is out of date: run `node scripts/access-matrix.ts --write` and review what changed';
  expect(accessMatrix() === page, help).toBe(true);
});

it('is the same when it is made by a second implementation', () => {
  const naive = new NaiveAccess(defaultPolicy, builtInExpressions, builtInWorkflows, defaultWorkflow);
  const told = accessMatrix({
    sees: (principal, ticket, name) => naive.sees(principal, ticket, name),
    reads: (principal, ticket) => naive.reads(principal, ticket),
    gives: (principal, command, ticket, others) =>
      naive.answer(principal, command, ticket, others) === undefined,
  });
  expect(told).toBe(page);
});
