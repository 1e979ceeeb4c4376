/** The quick look at a command never says anything else than the schema, and is worth having. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isPlainCommand } from '../../../adapters/http/plain-command.ts';
import { type Command, commandSchema, commandTypes } from '../../../domain/ticket/commands.ts';
import { ofType } from '../../support/arbitrary-commands.ts';

/** Values at the edges of what the schemas allow, and beyond them. */
const oddValue = fc.oneof(
  fc.constantFrom<unknown>(null, '', 0, -0, -1, 1.5, 2 ** 53, 8.64e15, 8.64e15 + 1, 1e300, true, [], {}),
  fc.constantFrom('x'.repeat(64), 'x'.repeat(65), 'x'.repeat(200), 'x'.repeat(201), 'x'.repeat(16_385)),
  fc.constantFrom<unknown>('T-1\n', '-x', 'ü', '2026-01-31T09:00:00Z', ['a'], ['x'.repeat(201)], [1]),
  fc.constantFrom<unknown>({ id: 'a', role: 'agent' }, { id: 'a', role: 'root' }, { id: 'a' }, { a: 1 }),
  fc.constantFrom<unknown>({ id: 'a', role: 'lead', x: 1 }, { constructor: 1 }, { Bad: 1 }, { f: { g: 1 } }),
  fc.jsonValue({ maxDepth: 2 }),
);
const oddName = fc.constantFrom(
  ...['type', 'ticketId', 'commandId', 'expectedRevision', 'occurredAt', 'actor', 'onBehalfOf', 'source'],
  ...['correlationId', 'causationId', 'workflow', 'data', 'more', '__proto__', 'constructor', 'toString'],
  ...['fields', 'body', 'public', 'agent', 'group', 'reason', 'until', 'comment', 'into', 'to', 'notes'],
);
const command = ofType(commandTypes, ['T-1', 'INC0000001']);

/** A command with some of its members, or of those of its data, set to something else or left out. */
const damaged = fc
  .tuple(command, fc.array(fc.tuple(fc.boolean(), oddName, fc.option(oddValue)), { maxLength: 3 }))
  .map(([sound, damages]) => {
    const input = JSON.parse(JSON.stringify(sound));
    for (const [inData, name, value] of damages) {
      const target = inData && typeof input.data === 'object' && input.data !== null ? input.data : input;
      if (value === null) delete target[name];
      else
        Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
    }
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
