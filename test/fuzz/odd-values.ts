/** Values, texts and bytes that a server must survive: what attackers, broken clients and bad luck send. */
import type { Random } from '../../adapters/simulation/random.ts';

const oddTexts: readonly string[] = [
  '',
  ' ',
  '\u0000',
  '..',
  '../../etc/passwd',
  "'; DROP TABLE docket.ticket; --",
  '#{7*7}',
  '<script>alert(1)</script>',
  '%',
  '%00',
  '%zz',
  '*',
  '"',
  '\\',
  '🎫',
  'é',
  '\u202e',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'null',
  'undefined',
  'NaN',
  'true',
  '-1',
  '0',
  '1e309',
  '9007199254740993',
  '-9223372036854775809',
  '2026-13-45T99:99:99Z',
  '0000-01-01T00:00:00Z',
  '275760-09-13T00:00:00.001Z',
  'W/"1"',
  '"1", "2"',
  'bytes=0-1',
  'x'.repeat(201),
  'x'.repeat(3_000),
];

export function oddText(random: Random): string {
  return random.chance(0.8) ? random.pick(oddTexts) : letters(random, random.below(40));
}

/** Any character below 0x250, and now and then one half of a pair. */
function letters(random: Random, length: number): string {
  const codes = Array.from({ length }, () =>
    random.chance(0.02) ? 0xd800 + random.below(0x800) : random.below(0x250),
  );
  return String.fromCharCode(...codes);
}

export function oddValue(random: Random, depth = 0): unknown {
  switch (random.below(depth > 3 ? 6 : 9)) {
    case 0:
      return null;
    case 1:
      return random.chance(0.5);
    case 2:
      return random.pick([0, -0, -1, 1.5, 1e308, Number.MAX_SAFE_INTEGER + 2, 8.64e15 + 1, 2 ** 31]);
    case 3:
    case 4:
    case 5:
      return oddText(random);
    case 6:
      return Array.from({ length: random.below(5) }, () => oddValue(random, depth + 1));
    case 7:
      return Object.fromEntries(
        Array.from({ length: random.below(4) }, () => [oddText(random), oddValue(random, depth + 1)]),
      );
    default:
      return nested(random.pick([3, 30, 100, 1_000]));
  }
}

function nested(depth: number): unknown {
  let value: unknown = 'deep';
  for (let level = 0; level < depth; level += 1) value = level % 2 === 0 ? [value] : { v: value };
  return value;
}

/** The value with one part of it replaced, left out, doubled or added. */
export function mutated(random: Random, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || random.chance(0.15)) return oddValue(random);
  if (Array.isArray(value)) {
    const at = random.below(value.length + 1);
    const items: unknown[] = [...value];
    items.splice(at, random.below(2), ...(random.chance(0.7) ? [mutated(random, value[at])] : []));
    return items;
  }
  const entries = Object.entries(value);
  if (entries.length === 0 || random.chance(0.2)) return { ...value, [oddText(random)]: oddValue(random) };
  const [name, member] = random.pick(entries);
  if (random.chance(0.2)) return Object.fromEntries(entries.filter(([each]) => each !== name));
  return { ...value, [name]: mutated(random, member) };
}

/** The bytes with some of them lost, changed, doubled or added. */
export function damaged(random: Random, bytes: Buffer): Buffer {
  const at = random.below(bytes.length + 1);
  switch (random.below(4)) {
    case 0:
      return bytes.subarray(0, at);
    case 1: {
      const copy = Buffer.from(bytes);
      if (at < copy.length) copy[at] = random.below(256);
      return copy;
    }
    case 2:
      return Buffer.concat([bytes.subarray(0, at), Buffer.from([random.below(256)]), bytes.subarray(at)]);
    default:
      return Buffer.concat([bytes, bytes.subarray(at)]);
  }
}
