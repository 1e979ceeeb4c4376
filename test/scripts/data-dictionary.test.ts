/** The data dictionary in docs/ tells what the declarations tell, and all of it. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { analystViews, readModels } from '../../projections/read-models.ts';
import { dataDictionary, dictionaryFile } from '../../scripts/data-dictionary.ts';

describe('docs/data-dictionary.md', () => {
  it('is up to date', () => {
    const help = 'it is out of date: run `node scripts/data-dictionary.ts --write`';
    expect(readFileSync(dictionaryFile, 'utf8') === dataDictionary(), help).toBe(true);
  });

  it('has every table, view and function, and every column of them', () => {
    const page = dataDictionary();
    const tables = readModels.flatMap((each) => each.tables);
    for (const { name } of [...tables, ...analystViews]) expect(page).toContain(`\n### ${name}\n`);
    for (const { name, columns } of tables) {
      for (const each of columns) expect(page, name).toContain(`\n| \`${each.name}\` | ${each.type}`);
    }
    for (const { name, columns } of analystViews) {
      for (const each of Object.keys(columns)) expect(page, name).toContain(`\n| \`${each}\` |`);
    }
  });
});
