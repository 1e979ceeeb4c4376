/** Which commands count as the same when a command id comes again. */
import { describe, expect, it } from 'vitest';
import { commandBody } from '../../../domain/ticket/command-body.ts';
import type { Command } from '../../../domain/ticket/commands.ts';
import { command } from '../../support/given.ts';
import { actor } from '../../support/tickets.ts';

const change = command('ChangeFields', { fields: { subject: 'a', priority: 'b' } });

describe('the body of a command', () => {
  it('is the same whatever the order of its fields, its id, and keys that are undefined', () => {
    const turned = command('ChangeFields', { fields: { priority: 'b', subject: 'a' } });
    expect(commandBody({ ...turned, commandId: 'c-1', source: undefined })).toBe(commandBody(change));
  });

  it.each<[string, Partial<Command>]>([
    ['another ticket', { ticketId: 'T-2' }],
    ['another time', { occurredAt: 1 }],
    ['another actor', { actor: actor('lead') }],
    ['another person behind the actor', { onBehalfOf: actor('lead') }],
    ['another source', { source: 'x' }],
    ['another correlation', { correlationId: 'x' }],
    ['another cause', { causationId: 'x' }],
    ['an expected revision', { expectedRevision: 1 }],
    ['a workflow', { workflow: 'incident' }],
  ])('differs with %s', (_what, part) => {
    expect(commandBody({ ...change, ...part } as Command)).not.toBe(commandBody(change));
  });

  it('differs with other data, deep inside too', () => {
    const texts = [
      change,
      command('ChangeFields', { fields: { subject: 'a' } }),
      command('ChangeFields', { fields: { subject: 'a', priority: null } }),
      command('ChangeFields', { fields: { subject: ['a'], priority: 'b' } }),
      command('AddComment', { body: 'a', public: true }),
      command('AddComment', { body: 'a', public: false }),
    ].map(commandBody);
    expect(new Set(texts).size).toBe(texts.length);
  });
});
