/** Expressions as users write them: what they may say and come to, and that none holds up the process. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { celBounds } from '../../../adapters/expressions/bounds.ts';
import { celExpressions } from '../../../adapters/expressions/cel-expressions.ts';
import { type Bindings, ExpressionError, expressionBounds } from '../../../domain/expressions.ts';

const expressions = celExpressions();
const items = Array.from({ length: expressionBounds.itemsMax }, (_, index) => index);

function evaluate(text: string, bindings: Bindings = {}) {
  return expressions.compile(text, Object.keys(bindings)).evaluate(bindings);
}

/** Far more than anything takes here, and far less than what an unbounded expression would. */
const soonMs = 1_500;

function elapsedMs(work: () => void): number {
  const startedAtMs = performance.now();
  work();
  return performance.now() - startedAtMs;
}

describe('an expression', () => {
  it.each<[string, Bindings, unknown]>([
    ['ticket.requester == user.id', { ticket: { requester: 'ann' }, user: { id: 'ann' } }, true],
    ['"agent" in user.roles', { user: { roles: ['lead', 'agent'] } }, true],
    ['has(ticket.group) && ticket.group in user.groups', { ticket: {}, user: { groups: [] } }, false],
    ['ticket.revision + 1', { ticket: { revision: 4 } }, 5],
    ['number / 2.0', { number: 4.5 }, 2.25],
    ['tags.exists(tag, tag.startsWith("vip"))', { tags: ['new', 'vip-gold'] }, true],
    ['tags.map(tag, tag.upperAscii())', { tags: ['a', 'b'] }, ['A', 'B']],
    [
      '{"name": text.split(" ")[0], "rest": [1, null]}',
      { text: 'Ann Lee' },
      { name: 'Ann', rest: [1, null] },
    ],
    ['text.replace("\\n", "<br>").replace("a", "b", 1)', { text: 'a\na' }, 'b<br>a'],
    ['text.split(",", 2)', { text: 'a,b,c' }, ['a', 'b,c']],
    ['text.matches("^INC[0-9]{7}$")', { text: 'INC0000042' }, true],
    ['int(timestamp(at) - timestamp("2026-01-01T00:00:00Z"))', { at: '2026-01-01T00:01:00Z' }, 60],
    ['type(value) == string ? value : string(value)', { value: 42 }, '42'],
  ])('%s', (text, bindings, expected) => {
    expect(evaluate(text, bindings)).toEqual(expected);
  });

  it('is the same one when it is compiled again', () => {
    expect(expressions.compile('a + 1', ['a'])).toBe(expressions.compile('a + 1', ['a']));
  });

  it('sees what it is given only, however a member is called', () => {
    const given = JSON.parse('{"__proto__": "mine", "constructor": "mine too"}');
    expect(evaluate('given.__proto__ + given.constructor', { given })).toBe('minemine too');
    expect(() => evaluate('given.toString', { given: {} })).toThrow('field not found: toString');
    expect(() => evaluate('constructor', {})).toThrow('unknown name constructor');
  });
});

describe('a text that can not be used', () => {
  it.each([
    ['user.id ==', 'the expression is not CEL: at 1:9'],
    ['user.id == tikcet.requester', 'at character 12: unknown name tikcet; known are user'],
    ['user.id.shout()', 'at character 8: unknown function shout'],
    ['"%s".format([user])', 'unknown function format'],
    ['google.protobuf.Timestamp{seconds: 1} == user', 'can not be made here'],
    ['user.all(a, user.all(b, a == b))', 'can not stand inside each other'],
    ['user.map(a, user.filter(b, a == b))', 'can not stand inside each other'],
    [`${'('.repeat(990)}1${')'.repeat(990)}`, 'nested too deeply'],
    [`user == "${'x'.repeat(expressionBounds.charactersMax)}"`, 'at most 2000 are allowed'],
    [Array.from({ length: 260 }, () => 'user').join('+'), `more than ${celBounds.nodesMax} parts`],
  ])('%.40s', (text, reason) => {
    expect(() => expressions.compile(text, ['user'])).toThrow(ExpressionError);
    expect(() => expressions.compile(text, ['user'])).toThrow(reason);
  });
});

describe('an evaluation that can not be', () => {
  it.each<[string, Bindings, string]>([
    ['ticket.group == "it"', { ticket: {} }, 'field not found: group'],
    ['ticket.group > 3', { ticket: { group: 'it' } }, 'no matching overload'],
    ['rows.size() > 0', { rows: [...items, 0] }, 'rows has 201 items; at most 200 are allowed'],
    ['a.b.size() > 0', { a: { b: [[...items, 0]] } }, 'a.b[0] has 201 items'],
    ['text == ""', { text: 'x'.repeat(celBounds.stringCharactersMax + 1) }, 'text has 65537 characters'],
    ['rows + rows', { rows: items }, 'makes a list of more than 200 items'],
    ['text.split("")', { text: 'x'.repeat(201) }, 'makes a list of more than 200 items'],
    ['timestamp("2026-01-01T00:00:00Z")', {}, 'comes to a time'],
    ['1.0 / 0.0', {}, 'comes to Infinity'],
    ['9223372036854775807', {}, 'too large to be held exactly'],
    ['{1: 2}', {}, 'a key that is no text'],
  ])('%s', (text, bindings, reason) => {
    const run = () => evaluate(text, bindings);
    expect(run).toThrow(ExpressionError);
    expect(run).toThrow(reason);
  });

  it('is one of a value that is nested without end', () => {
    let deep: Bindings[string] = 1;
    for (let depth = 0; depth < 100; depth += 1) deep = [deep];
    expect(() => evaluate('deep == 1', { deep })).toThrow('nested more than 32 deep');
  });
});

describe('an attack', () => {
  const aaa = 'a'.repeat(16_384);
  it.each<[string, string, Bindings]>([
    ['by loops in loops', 'l.all(a, l.all(b, l.all(c, a + b + c >= 0)))', { l: items }],
    ['by a pattern that backtracks', 'text.matches("^(a+)+$")', { text: `${'a'.repeat(16_000)}!` }],
    ['by a pattern with counted repetitions', 'text.matches("(a{1,100}){1,100}b")', { text: aaa }],
    ['by patterns in a loop', 'l.exists(i, text.matches("^(a|aa)+$b"))', { l: items, text: aaa }],
    ['by a text that replaces itself', `text${'.replace("a", text)'.repeat(20)}`, { text: 'a'.repeat(200) }],
    [
      'by lists that double',
      `([1]${'.map(a, [a, a])'.repeat(60)}) == ([1]${'.map(a, [a, a])'.repeat(60)})`,
      {},
    ],
    ['by a result that doubles', `[1]${'.map(a, [a, a])'.repeat(60)}`, {}],
    ['by searching joined lists', `l.all(i, !(-1 in (l${' + l'.repeat(100)})))`, { l: items }],
    ['by long texts in a loop', `l.all(i, text${'.lowerAscii()'.repeat(60)} != "")`, { l: items, text: aaa }],
    ['by joining what was mapped', 'l.map(i, text).join(text)', { l: items, text: aaa }],
    ['by looking inside in a loop', 'l.all(i, big == other)', nestedLists()],
  ])('%s ends soon', (_, text, bindings) => {
    const took = elapsedMs(() => {
      try {
        evaluate(text, bindings);
      } catch (error) {
        expect(error).toBeInstanceOf(ExpressionError);
      }
    });
    expect(took).toBeLessThan(soonMs);
  });

  function nestedLists(): Bindings {
    const grid = () => items.map(() => items.map((item) => [item]));
    return { l: items, big: grid(), other: grid() };
  }

  it('by whatever text, on whatever data, ends in a value or an ExpressionError', () => {
    const part = fc.constantFrom(
      ...['a', 'b.c', '1', '"x"', '[a, b]', 'a.map(i, i)', 'a.split("")', ' + ', ' == ', ' && ', '(', ')'],
      ...['.matches("a+")', ' ? ', ' : ', '{"k": a}', ' in ', '-', '!', 'has(b.c)', '.size()', '.join()'],
    );
    const text = fc.array(part, { minLength: 1, maxLength: 12 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, fc.jsonValue({ maxDepth: 3 }), fc.jsonValue({ maxDepth: 3 }), (source, a, b) => {
        try {
          const value = evaluate(source, JSON.parse(JSON.stringify({ a, b })));
          expect(JSON.parse(JSON.stringify(value))).toEqual(value);
        } catch (error) {
          if (!(error instanceof ExpressionError)) throw error;
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
