/** The security page claims nothing that no test shows: each test that it names is there, under that name. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/security.md'), 'utf8');
const sections = page.split(/^## (?=API\d)/m).slice(1);

describe('the security page', () => {
  it('goes through the ten items, each with what is done, where, and tests', () => {
    expect(sections.map((section) => section.slice(0, 5))).toEqual(
      Array.from({ length: 10 }, (_, index) => `API${index + 1}${index === 9 ? '' : ':'}`),
    );
    for (const section of sections) {
      expect(section).toMatch(/`(adapters|domain|scripts)\//);
      expect(section).toMatch(/^- `test\//m);
    }
  });

  const claims = [...page.matchAll(/^- `(test\/[^`]+)`: (.+)$/gm)].flatMap(([, file = '', names = '']) =>
    names.split('; ').map((name) => [file, name] as const),
  );

  it.each(claims)('%s has the test "%s"', (file, name) => {
    expect(readFileSync(join(root, file), 'utf8')).toContain(name);
  });

  it.each([
    ...new Set([...page.matchAll(/`((?:adapters|domain|scripts)\/[^`]+)`/g)].map(([, path]) => path)),
  ])('%s is there', (path = '') => {
    expect(existsSync(join(root, path)), path).toBe(true);
  });
});
