/**
 * docs/problems.md, made from the tables that the answers themselves are made from. `node
 * scripts/problem-list.ts
 * --write` writes it; a test fails when it is out of date.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mayRetry, meaningOf, problemCodes, statusOf } from '../adapters/http/openapi/problems.ts';

export const problemFile = join(import.meta.dirname, '../docs/problems.md');

const introduction = `# Problems

Every answer of no over HTTP is a problem document ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457),
\`application/problem+json\`): \`type\` is \`urn:docket:error:<code>\`, \`title\` is the meaning below, \`detail\` says what
was wrong this time and what would be right. \`code\` is stable; programs should look at nothing else. \`retry\` says
whether the same request may succeed later without being changed; \`Retry-After\` then says when. Outcomes of
single commands in bulk answers carry the same codes.

This page is made by \`node scripts/problem-list.ts --write\`.

| code | status | retry | meaning |
|---|---|---|---|
`;

/** The page as Markdown. */
export function problemList(): string {
  const byStatus = [...problemCodes].sort((left, right) => statusOf(left) - statusOf(right));
  const rows = byStatus.map(
    (code) => `| \`${code}\` | ${statusOf(code)} | ${mayRetry(code) ? 'yes' : 'no'} | ${meaningOf(code)} |`,
  );
  return `${introduction}${rows.join('\n')}\n`;
}

if (import.meta.main && process.argv.includes('--write')) writeFileSync(problemFile, problemList());
