/** The sort that brings events into the order of cases: in any memory, what a stable sort gives. */
import { readdirSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { CaseSort } from '../../../adapters/exports/case-sort.ts';
import { exportFolder } from './exporting.ts';

const { folder, remove } = exportFolder();
afterAll(remove);

const text = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 20 }), fc.constant('long '.repeat(200)));
const pieces = fc.array(fc.record({ key: fc.integer({ min: 0, max: 30 }), text }), { maxLength: 200 });

describe('sorting by case', () => {
  it('gives each case whole and in order, whatever the bounds', async () => {
    const bounds = fc.record({
      gatheredBytesMax: fc.constantFrom(1, 50, 1_000, 1_000_000),
      runsMax: fc.constantFrom(2, 3, 16),
      readBytes: fc.constantFrom(13, 64, 4_096),
    });
    await fc.assert(
      fc.asyncProperty(pieces, bounds, async (added, each) => {
        await using sort = new CaseSort(folder, each);
        for (const { key, text } of added) {
          sort.add(key, text);
          await sort.spill();
        }
        const found = new Map<number, string>();
        let last = -1;
        for await (const { key, bytes } of sort.sorted()) {
          expect(key).toBeGreaterThanOrEqual(last);
          last = key;
          found.set(key, (found.get(key) ?? '') + Buffer.from(bytes).toString());
        }
        const expected = new Map<number, string>();
        for (const { key, text } of added) expected.set(key, (expected.get(key) ?? '') + text);
        expect(found).toEqual(expected);
        expect(readdirSync(folder)).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  it('says where there is no room', async () => {
    await using sort = new CaseSort(`${folder}/nowhere`, { gatheredBytesMax: 1, runsMax: 2, readBytes: 64 });
    sort.add(1, 'something');
    await expect(sort.spill()).rejects.toMatchObject({ code: 'output_unwritable' });
  });
});
