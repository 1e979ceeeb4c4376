/** The generator's place before others, on a machine that has it to give, and its end. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { z } from 'zod';

const script = `
import { readFileSync } from 'node:fs';
import { beforeOthers } from '${join(import.meta.dirname, '../../../scripts/load/priority.ts')}';
const group = () => {
  try { return readFileSync('/proc/self/autogroup', 'utf8').trim(); } catch { return 'none'; }
};
const before = group();
const priority = beforeOthers();
const during = group();
priority[Symbol.dispose]();
console.log(JSON.stringify({ before, during, after: group(), words: priority.words }));
`;
const toldSchema = z.object({ before: z.string(), during: z.string(), after: z.string(), words: z.string() });

it('is had until it is given back, or not at all, and said either way', async () => {
  // In a session of its own, where nobody else changes it meanwhile.
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const { before, during, after, words } = toldSchema.parse(JSON.parse(await text(child.stdout)));
  expect(after).toBe(before);
  if (during === before) expect(words).toMatch(/^at ordinary priority: /);
  else
    expect([during.split(' ').slice(1).join(' '), words]).toEqual([
      'nice -10',
      expect.stringMatching(/^before/),
    ]);
});
