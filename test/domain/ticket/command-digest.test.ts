/** Which commands count as the same when a command id comes again. */
import { describe, expect, it } from 'vitest';
import { commandDigest } from '../../../domain/ticket/command-digest.ts';
import type { Command } from '../../../domain/ticket/commands.ts';
import { command } from '../../support/given.ts';
import { actor } from '../../support/tickets.ts';

const change = command('ChangeFields', { fields: { subject: 'a', priority: 'b' } });

describe('the digest of a command', () => {
  it('is the same whatever the order of its fields, its id, and keys that are undefined', () => {
    const turned = command('ChangeFields', { fields: { priority: 'b', subject: 'a' } });
    expect(commandDigest({ ...turned, commandId: 'c-1', source: undefined })).toBe(commandDigest(change));
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
    expect(commandDigest({ ...change, ...part } as Command)).not.toBe(commandDigest(change));
  });

  it('tells absent from empty, zero and each other, and one field from the next', () => {
    const open = command('OpenTicket', {});
    const bodies = [
      {},
      { ticketId: '' },
      { source: '' },
      { source: 'ab' },
      { correlationId: 'ab' },
      { causationId: 'ab' },
      { correlationId: 'a', causationId: 'b' },
      { occurredAt: 0 },
      { occurredAt: -1 },
      { occurredAt: 4_294_967_295 },
      { occurredAt: -4_294_967_296 },
      { expectedRevision: 0 },
    ].map((part) =>
      commandDigest({ ...open, ticketId: undefined, occurredAt: undefined, ...part } as Command),
    );
    expect(new Set(bodies).size).toBe(bodies.length);
  });

  it('is 16 hexadecimal digits that never change, for they are stored', () => {
    const stored = { ...change, ticketId: 'T-1', occurredAt: 1_767_225_600_000, actor: actor('agent') };
    expect(commandDigest(stored)).toMatch(/^[0-9a-f]{16}$/);
    expect(commandDigest(stored)).toBe('26e828ff6f7b4b5b');
  });

  it('spreads: a hundred thousand bodies that differ little have as many digests', () => {
    const digests = new Set<string>();
    for (let at = 0; at < 100_000; at += 1) {
      digests.add(commandDigest({ ...change, occurredAt: 1_767_225_600_000 + at }));
    }
    expect(digests.size).toBe(100_000);
  });

  it('differs with other data, deep inside too', () => {
    const texts = [
      change,
      command('ChangeFields', { fields: { subject: 'a' } }),
      command('ChangeFields', { fields: { subject: 'a', priority: null } }),
      command('ChangeFields', { fields: { subject: ['a'], priority: 'b' } }),
      command('AddComment', { body: 'a', public: true }),
      command('AddComment', { body: 'a', public: false }),
    ].map(commandDigest);
    expect(new Set(texts).size).toBe(texts.length);
  });
});
