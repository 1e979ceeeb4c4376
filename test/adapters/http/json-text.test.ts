/** JSON from callers is read as JSON.parse reads it, but for what could do harm. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readJson } from '../../../adapters/http/json-text.ts';

const depthMax = 8;
const read = (text: string) => readJson(Buffer.from(text), depthMax);

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

describe('readJson', () => {
  it('reads whatever JSON.parse does, as deep as the bound and no deeper', () => {
    const values = fc
      .jsonValue({ maxDepth: 12, noUnicodeString: false })
      .filter((value) => !/__proto__|constructor/.test(JSON.stringify(value)));
    fc.assert(
      fc.property(values, fc.constantFrom(0, 2), (value, indent) => {
        const reading = read(JSON.stringify(value, undefined, indent));
        expect(reading.ok).toBe(depthOf(value) <= depthMax);
        if (reading.ok) expect(JSON.stringify(reading.value)).toBe(JSON.stringify(value));
      }),
    );
  });

  it.each([
    ['brackets in strings', `"${'[{'.repeat(50)}"`],
    ['brackets after escaped quotes', `"\\"${'['.repeat(50)}\\\\"`],
    ['many side by side', `[${Array(50).fill('[{}]').join(',')}]`],
  ])('does not count %s', (_, text) => {
    expect(read(text)).toEqual({ ok: true, value: JSON.parse(text) });
  });

  it.each([
    '{"__proto__":1}',
    '[{"a":{"__proto__":null}}]',
    '{"\\u005f_proto__":1}',
    '{"_\\u005Fproto_\\u005f":{"admin":true}}',
    '{"constructor":{"prototype":{}}}',
    '{"c\\u006fnstructor":{"prot\\u006ftype":1}}',
  ])('refuses %s', (text) => {
    expect(read(text)).toMatchObject({ ok: false, detail: expect.stringContaining('not allowed') });
  });

  it.each(['"__proto__"', '{"a":"constructor"}', '{"constructor":1}', '{"constructor":{"a":1}}'])(
    'takes %s, which is harmless',
    (text) => {
      expect(read(text).ok).toBe(true);
    },
  );

  it.each(['[', '{"a":', '"', '"\\', '\\', ']', '[}', '', ' ', '\u0000'])('refuses %j', (text) => {
    expect(read(text)).toMatchObject({ ok: false, detail: expect.stringMatching(/JSON/) });
  });
});
