/** Access is asked at the moment of deciding, on the state that is decided on. */
import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../../domain/ports.ts';
import { accessBy, policyOf, principal } from '../../support/access.ts';
import { allEvents, engineOn, memoryLog } from '../../support/engine.ts';
import { command } from '../../support/given.ts';

const everything = { operations: ['create', 'read', 'write', 'transition'] };
const all = [everything, { ...everything, field: '*' }];
const codes = (outcomes: readonly Outcome[]) =>
  outcomes.map((each) => (each.status === 'rejected' ? each.code : each.status));

describe('between submitting and deciding', () => {
  it('a revoked credential stops every command that is not decided yet', async () => {
    const log = memoryLog();
    const engine = engineOn(log);
    let active = true;
    const guard = accessBy(policyOf(all)).guardOf(principal(['agent'], { isActive: () => active }));
    await engine.submit([command('OpenTicket')], guard);
    const submitted = engine.submit([command('AddComment', { body: 'x', public: true })], guard);
    active = false;
    const [outcome] = await submitted;
    expect(outcome).toMatchObject({ status: 'rejected', code: 'access_denied', state: undefined });
    expect(await allEvents(log)).toHaveLength(1);
    await log.close();
  });

  it('a changed policy decides by its new rules', async () => {
    const log = memoryLog();
    const engine = engineOn(log);
    const access = accessBy(policyOf(all));
    const guard = access.guardOf(principal(['agent']));
    await engine.submit([command('OpenTicket')], guard);
    const submitted = engine.submit([command('AddComment', { body: 'x', public: true })], guard);
    access.use(policyOf([{ operations: ['read'] }]), 2);
    expect(codes(await submitted)).toEqual(['access_denied']);
    expect(await allEvents(log)).toHaveLength(1);
    await log.close();
  });

  it('an earlier command of the same call changes what is allowed to the next', async () => {
    const log = memoryLog();
    const engine = engineOn(log);
    const mine = { operations: ['transition'], condition: 'ticket.assignee == null' };
    const guard = accessBy(policyOf([...all.slice(1), { operations: ['create', 'read'] }, mine])).guardOf(
      principal(['agent']),
    );
    const outcomes = await engine.submit(
      [command('OpenTicket'), command('AssignTicket', { agent: 'bo' }), command('EscalateTicket')],
      guard,
    );
    expect(codes(outcomes)).toEqual(['accepted', 'accepted', 'access_denied']);
    await log.close();
  });
});

describe('the answer to an accepted command', () => {
  it('tells the state only to who may see it, also when it is told again', async () => {
    const log = memoryLog();
    const engine = engineOn(log);
    const hiding = { operations: ['read'], field: 'state', roles: ['auditor'] };
    const given = [{ ...command('OpenTicket'), commandId: 'c-1' }];
    for (const [roles, state] of [
      [['agent'], ''],
      [['agent', 'auditor'], 'new/unassigned/L0'],
    ] as const) {
      const guard = accessBy(policyOf([...all, hiding])).guardOf(principal(roles));
      for (const repeat of [1, 2]) {
        expect([repeat, ...(await engine.submit(given, guard))]).toMatchObject([
          repeat,
          { revision: 1, state },
        ]);
      }
    }
    await log.close();
  });
});

describe('a ticket that may not be read', () => {
  it('is answered as one that does not exist, byte for byte', async () => {
    const log = memoryLog();
    const engine = engineOn(log);
    await engine.submit([command('OpenTicket')]);
    const guard = accessBy(policyOf([{ operations: ['transition', 'write'] }])).guardOf(principal(['agent']));
    for (const type of ['StartWork', 'AddComment', 'ChangeFields', 'LinkTicket'] as const) {
      const data = {
        StartWork: {},
        AddComment: { body: 'x', public: true },
        ChangeFields: { fields: {} },
        LinkTicket: { ticket: 'T-2', relation: 'related' },
      }[type];
      const there = { ...command(type, data), expectedRevision: 7 };
      const [hidden, missing] = await engine.submit([there, { ...there, ticketId: 'T-0' }], guard);
      expect(hidden).toMatchObject({ code: 'ticket_not_found' });
      expect(JSON.stringify(hidden)).toBe(JSON.stringify(missing).replaceAll('T-0', 'T-1'));
    }
    await log.close();
  });

  it('is that too for whoever repeats a command that somebody gave on it', async () => {
    const log = memoryLog();
    const engine = engineOn(log);
    const said = { ...command('AddComment', { body: 'x', public: true }), commandId: 'c-1' };
    await engine.submit([command('OpenTicket'), said]);
    const access = accessBy(policyOf([{ operations: ['transition'] }, { ...everything, roles: ['lead'] }]));
    const [hidden] = await engine.submit([said], access.guardOf(principal(['agent'])));
    const never = { ...said, ticketId: 'T-0', commandId: 'c-2' };
    const [missing] = await engine.submit([never], access.guardOf(principal(['agent'])));
    expect(hidden).toMatchObject({ code: 'ticket_not_found' });
    expect(JSON.stringify(hidden)).toBe(JSON.stringify(missing).replaceAll('T-0', 'T-1'));
    const [shown] = await engine.submit([said], access.guardOf(principal(['lead'])));
    expect(shown).toMatchObject({ status: 'accepted', repeated: true, revision: 2 });
    await log.close();
  });

  it('can be opened again under the same id by who may open it', async () => {
    const log = memoryLog();
    const engine = engineOn(log);
    const guard = accessBy(policyOf([{ operations: ['create'] }])).guardOf(principal(['agent']));
    const opening = { ...command('OpenTicket'), commandId: 'c-1' };
    for (const repeated of [false, true]) {
      const [outcome] = await engine.submit([opening], guard);
      expect(outcome).toMatchObject({ status: 'accepted', repeated, revision: 1, state: '' });
    }
    await log.close();
  });
});

describe('the same command under way twice', () => {
  it('is decided for each who asks, and told to nobody else', async () => {
    const log = memoryLog();
    const engine = engineOn(log);
    await engine.submit([command('OpenTicket')]);
    const access = accessBy(policyOf([{ ...everything, roles: ['lead'] }]));
    const lead = access.guardOf(principal(['lead'], { id: 'key:lead' }));
    const stranger = access.guardOf(principal([], { id: 'key:stranger' }));
    const said = { ...command('AddComment', { body: 'x', public: true }), commandId: 'c-1' };
    const [first, again, foreign] = await Promise.all([
      engine.submit([said], lead),
      engine.submit([said], lead),
      engine.submit([said], stranger),
    ]);
    expect([first, again]).toMatchObject([[{ repeated: false }], [{ repeated: true, revision: 2 }]]);
    expect(codes(foreign)).toEqual(['contention']);
    expect(codes(await engine.submit([said], stranger))).toEqual(['ticket_not_found']);
    await log.close();
  });
});
