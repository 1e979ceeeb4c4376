/** The workflows of a data folder: added once, loaded by everybody, never replaced. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readDefinition } from '../../../domain/workflow/definition.ts';
import { addWorkflow, loadWorkflows, workflowText } from '../../../scripts/runtime/workflows.ts';
import { fines } from '../../support/workflows.ts';

let dataDir = '';
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'docket-workflows-'));
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

const version = (number: string) => readDefinition({ ...fines, version: number });
const file = (name: string) => join(dataDir, 'workflows', name);

describe('a data folder', () => {
  it('without workflows knows the built-in ones', async () => {
    const known = await loadWorkflows(join(dataDir, 'not-there'));
    expect(known.all().map(({ id }) => id)).toEqual(['support@1', 'incident@1']);
  });

  it('knows every version that was added; new tickets get the one with the highest number', async () => {
    for (const number of ['10', '9', '1']) {
      expect(await addWorkflow(dataDir, version(number))).toBe('added');
    }
    const known = await loadWorkflows(dataDir);
    const ids = known.all().map(({ id }) => id);
    expect(ids).toEqual(['support@1', 'incident@1', 'fines@1', 'fines@9', 'fines@10']);
    expect(known.find('fines')?.id).toBe('fines@10');
    expect(statSync(file('fines@9.json')).mode & 0o777).toBe(0o600);
  });

  it('takes the same again, and refuses to replace a version with another content', async () => {
    await addWorkflow(dataDir, version('1'));
    const before = readFileSync(file('fines@1.json'), 'utf8');
    expect(await addWorkflow(dataDir, version('1'))).toBe('known');
    const other = { ...version('1'), description: 'Something else.' };
    await expect(addWorkflow(dataDir, other)).rejects.toMatchObject({
      code: 'input_unreadable',
      message: expect.stringMatching(/fines@1\.json holds another fines@1.*new version/),
    });
    expect(readFileSync(file('fines@1.json'), 'utf8')).toBe(before);
    expect(readdirSync(join(dataDir, 'workflows'))).toEqual(['fines@1.json']);
  });

  it('writes definitions so that nothing is lost', () => {
    const definition = readDefinition({
      ...fines,
      regions: { review: { initial: 'none', states: { none: {} } } },
      observed: { cases: 1, events: 2 },
    });
    expect(readDefinition(JSON.parse(workflowText(definition)))).toEqual(definition);
    const without = readDefinition({ ...fines, regions: {} });
    expect(readDefinition(JSON.parse(workflowText(without)))).toEqual(without);
  });

  it.each([
    ['no JSON', 'fines@1.json', '{', /fines@1\.json can not be read: .*JSON/],
    ['no workflow', 'fines@1.json', '{"name": 1}', /fines@1\.json is no workflow .*\n- name: /],
    [
      'under a wrong name',
      'fine.json',
      JSON.stringify(fines),
      /fine\.json holds fines@1, so it must be called fines@1\.json/,
    ],
    ['too large', 'fines@1.json', ' '.repeat(4_194_305), /has 4194305 bytes; a workflow has at most 4194304/],
  ])('with a file that is %s is not used, and the file is named', async (_what, name, text, message) => {
    mkdirSync(join(dataDir, 'workflows'));
    writeFileSync(file(name), text);
    await expect(loadWorkflows(dataDir)).rejects.toMatchObject({
      code: 'input_unreadable',
      message: expect.stringMatching(message),
    });
  });

  it('with more files than are ever loaded is not used', async () => {
    mkdirSync(join(dataDir, 'workflows'));
    for (let number = 0; number <= 200; number += 1) writeFileSync(file(`w@${number}.json`), '{}');
    await expect(loadWorkflows(dataDir)).rejects.toThrow(/holds 201 workflows; at most 200 are loaded/);
  });
});
