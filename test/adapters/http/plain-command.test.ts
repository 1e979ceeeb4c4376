/** The quick look at a command never says anything else than the schema, and is worth having. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isPlainCommand } from '../../../adapters/http/plain-command.ts';
import { type Command, commandSchema, commandTypes } from '../../../domain/ticket/commands.ts';
import { ofType } from '../../support/arbitrary-commands.ts';

/** Values at the edges of what the schemas allow, and beyond them. */
const oddValues: readonly unknown[] = [
  ...[null, '', 0, -0, -1, 1.5, 2 ** 53, 8.64e15, 8.64e15 + 1, -8.64e15 - 1, 1e300, true, [], {}],
  ...[
    'x'.repeat(64),
    'x'.repeat(65),
    'x'.repeat(200),
    'x'.repeat(201),
    'x'.repeat(16_384),
    'x'.repeat(16_385),
  ],
  ...['T-1\n', '-x', 'ü', '2026-01-31T09:00:00Z', ['a'], ['x'.repeat(201)], [1], 'caller', 'good'],
  ...[{ id: 'a', role: 'agent' }, { id: 'a', role: 'root' }, { id: 'a' }, { id: 'a', role: 'lead', x: 1 }],
  ...[{ a: 1 }, { constructor: 1 }, { valueOf: 1 }, { Bad: 1 }, { f: { g: 1 } }, { f: null }],
];
const oddNames = [
  ...['type', 'ticketId', 'commandId', 'expectedRevision', 'occurredAt', 'actor', 'onBehalfOf', 'source'],
  ...['correlationId', 'causationId', 'workflow', 'data', 'more', '__proto__', 'constructor', 'toString'],
  ...['fields', 'body', 'public', 'agent', 'group', 'reason', 'until', 'comment', 'into', 'to', 'notes'],
  ...['requester', 'timerId', 'code', 'rating', 'activity'],
];
const oddValue = fc.oneof(fc.constantFrom(...oddValues), fc.jsonValue({ maxDepth: 2 }));
const oddName = fc.constantFrom(...oddNames);
const command = ofType(commandTypes, ['T-1', 'INC0000001']);

const settable = { enumerable: true, configurable: true, writable: true };

/** Sets a member, or leaves it out: of the command, or of its data, where that is an object. */
function damage(input: Record<string, unknown>, inData: boolean, name: string, value: unknown): void {
  const { data } = input;
  const target = inData && typeof data === 'object' && data !== null ? data : input;
  if (value === undefined) Reflect.deleteProperty(target, name);
  // A copy: the same odd value may be changed itself by the next damage.
  else Object.defineProperty(target, name, { value: structuredClone(value), ...settable });
}

/** A command with some of its members, or of those of its data, set to something else or left out. */
const damaged = fc
  .tuple(
    command,
    fc.array(fc.tuple(fc.boolean(), oddName, fc.option(oddValue, { nil: undefined })), { maxLength: 3 }),
  )
  .map(([sound, damages]) => {
    const input = JSON.parse(JSON.stringify(sound));
    for (const [inData, name, value] of damages) damage(input, inData, name, value);
    return JSON.parse(JSON.stringify(input));
  });

function agrees(input: unknown): void {
  const plain = isPlainCommand(input);
  const result = commandSchema.safeParse(input);
  if (plain) expect(result).toEqual({ success: true, data: input });
}

describe('isPlainCommand', () => {
  it('takes only what the schema takes as it is', () => {
    fc.assert(fc.property(damaged, agrees), { numRuns: 3_000 });
    fc.assert(fc.property(fc.jsonValue({ maxDepth: 4 }), agrees));
  });

  it('and nothing else in any member of any command', () => {
    for (const type of commandTypes) {
      const [sound] = fc.sample(ofType([type], ['T-1']), { numRuns: 1, seed: 1 });
      for (const name of oddNames) {
        for (const value of [...oddValues, undefined]) {
          for (const inData of [false, true]) {
            const input = JSON.parse(JSON.stringify(sound));
            damage(input, inData, name, value);
            if (isPlainCommand(input)) agrees(input);
          }
        }
      }
    }
  });

  it('takes fields at their bounds and refuses them beyond', () => {
    const named = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, n) => [`f${n}`, n]));
    const changing = (fields: object) => ({
      ...{ type: 'ChangeFields', ticketId: 'T-1', actor: { id: 'a', role: 'agent' }, data: { fields } },
    });
    const tags = (count: number) => ({ tags: Array<string>(count).fill('x') });
    const taken = [named(100), named(101), tags(100), tags(101), { n: null }, { ['x'.repeat(64)]: 1 }].map(
      (fields) => {
        agrees(changing(fields));
        return isPlainCommand(changing(fields));
      },
    );
    expect(taken).toEqual([true, false, true, false, true, true]);
  });

  it('takes nearly all commands that are sound', () => {
    const often: Command['type'][] = [
      'OpenTicket',
      'AssignTicket',
      'ResolveTicket',
      'AddComment',
      'StartWork',
    ];
    fc.assert(
      fc.property(ofType(often, ['T-1']), (sound) => {
        expect(isPlainCommand(JSON.parse(JSON.stringify(sound)))).toBe(true);
      }),
    );
  });
});
