/** How access rules combine, rule by rule of docs/access.md. */
import { describe, expect, it } from 'vitest';
import type { AccessControl } from '../../../domain/access/access-control.ts';
import type { Guard } from '../../../domain/access/guard.ts';
import type { StampedCommand } from '../../../domain/ticket/decision.ts';
import type { TicketState } from '../../../domain/ticket/state.ts';
import { accessBy, policyOf, principal } from '../../support/access.ts';
import { command } from '../../support/given.ts';
import { ticketState } from '../../support/tickets.ts';

const read = { operations: ['read'] };
const readAll = [read, { ...read, field: '*' }];

function guardOf(rules: readonly object[], roles: readonly string[] = ['agent']): Guard {
  return accessBy(policyOf(rules)).guardOf(principal(roles));
}

function stamped(type: StampedCommand['type'], data: object = {}): StampedCommand {
  return { ...command(type, data), ticketId: 'T-1', occurredAt: 0 };
}

function codeOf(guard: Guard, given: StampedCommand, ticket: TicketState | undefined = ticketState()) {
  return guard.refuse(given, ticket, new Map())?.code;
}

describe('what no rule allows', () => {
  it('is denied', () => {
    const guard = guardOf([]);
    expect(guard.view(ticketState())).toBeUndefined();
    expect(guard.may('StartWork', ticketState())).toBe(false);
    expect(guard.readsAll).toBe(false);
    expect(guard.mayEverShow('subject')).toBe(false);
    expect(guard.refuse(stamped('OpenTicket'), undefined, new Map())?.code).toBe('access_denied');
  });

  it('is allowed to an admin', () => {
    const guard = guardOf([], ['admin']);
    expect(guard.readsAll).toBe(true);
    expect(guard.view(ticketState())?.complete).toBe(true);
    expect(codeOf(guard, stamped('ResolveTicket', { fields: { cost: 1 } }))).toBeUndefined();
  });
});

describe('the places of rules', () => {
  const fieldRules = ['support.cost', 'ticket.cost', '*.cost', 'support.*', 'ticket.*', '*.*'];
  const at = (place: string, roles: readonly string[]) => {
    const [table, field] = place.split('.');
    return { id: place, table, field, operations: ['read'], roles };
  };

  it.each(fieldRules.map((place, index) => [place, fieldRules.slice(index + 1)] as const))(
    'count from %s before all less specific ones',
    (place, lesser) => {
      const shown = (deciding: string, others: string) =>
        guardOf([read, at(place, [deciding]), ...lesser.map((each) => at(each, [others]))])
          .view(ticketState())
          ?.shows('cost');
      expect(shown('agent', 'auditor')).toBe(true);
      expect(shown('auditor', 'agent')).toBe(false);
    },
  );

  it('are those of the ticket’s own workflow', () => {
    const rules = [
      { ...read, table: 'incident', roles: ['auditor'] },
      { ...read, roles: ['agent'] },
    ];
    expect(guardOf(rules).view(ticketState())).toBeDefined();
    const incident = ticketState({ workflow: 'incident@1', state: 'new/unassigned/L0' });
    expect(guardOf(rules).view(incident)).toBeUndefined();
    expect(guardOf(rules, ['auditor']).view(incident)).toBeDefined();
  });

  it('count for one operation at a time', () => {
    const rules = [...readAll, { operations: ['StartWork'], table: 'support', roles: ['lead'] }];
    const guard = guardOf([...rules, { operations: ['transition'] }]);
    expect(guard.may('StartWork', ticketState())).toBe(false);
    expect(guard.may('CancelTicket', ticketState())).toBe(true);
  });

  it('have several rules of which one suffices', () => {
    const rules = [
      { ...read, roles: ['auditor'] },
      { ...read, condition: 'ticket.group == "network"' },
    ];
    expect(guardOf(rules).view(ticketState({ group: 'network' }))).toBeDefined();
    expect(guardOf(rules).view(ticketState({ group: 'desk' }))).toBeUndefined();
  });
});

describe('a deny-unless rule', () => {
  const unless = { effect: 'deny-unless', ...read };

  it('must pass wherever it stands, even where a more specific place allows', () => {
    const rules = [
      { ...read, table: 'support' },
      { ...unless, table: '*', condition: 'ticket.group != "board"' },
    ];
    expect(guardOf(rules).view(ticketState({ group: 'desk' }))).toBeDefined();
    expect(guardOf(rules).view(ticketState({ group: 'board' }))).toBeUndefined();
  });

  it('must pass together with all others', () => {
    const rules = [read, { ...unless, roles: ['agent'] }, { ...unless, roles: ['auditor'] }];
    expect(guardOf(rules).view(ticketState())).toBeUndefined();
    expect(guardOf(rules, ['agent', 'auditor']).view(ticketState())).toBeDefined();
  });

  it('allows nothing by itself', () => {
    expect(guardOf([{ ...unless, roles: ['agent'] }]).view(ticketState())).toBeUndefined();
  });
});

describe('a rule', () => {
  it.each([
    ['role', { roles: ['auditor'] }],
    ['condition', { condition: 'false' }],
    ['script', { script: 'false' }],
    ['condition that can not be evaluated', { condition: 'ticket.nothing == 1' }],
    ['condition that is neither true nor false', { condition: 'ticket.ticketId' }],
  ])('does not pass with a wrong %s', (_, part) => {
    const passing = { roles: ['agent'], condition: 'true', script: 'true' };
    expect(guardOf([{ ...read, ...passing }]).view(ticketState())).toBeDefined();
    expect(guardOf([{ ...read, ...passing, ...part }]).view(ticketState())).toBeUndefined();
  });

  it('counts conditions that could not be evaluated', () => {
    const access = accessBy(policyOf([{ ...read, condition: 'ticket.nothing == 1' }]));
    access.guardOf(principal(['agent'])).view(ticketState());
    expect(access.evaluationErrors).toBe(1);
  });

  it('passes for a role that contains its role', () => {
    expect(guardOf([{ ...read, roles: ['agent'] }], ['lead']).view(ticketState())).toBeDefined();
    expect(guardOf([{ ...read, roles: ['lead'] }], ['agent']).view(ticketState())).toBeUndefined();
  });

  it.each([
    ['user.id == "ana" && user.role == "agent" && user.principal == "key:1"', true],
    ['"agent" in user.roles && "lead" in user.roles && "network" in user.groups', true],
    ['ticket.ticketId == "T-1" && ticket.workflow == "support" && ticket.revision == 1', true],
    ['ticket.state == "new/unassigned/L0" && ticket.lifecycle == "new" && ticket.category == "new"', true],
    ['ticket.final == false && ticket.openedBy == "requester-1" && ticket.openedAt > 0', true],
    ['ticket.requester == null && ticket.assignee == null && ticket.group == null', true],
    ['ticket.offeredTo == null && ticket.hold == null && ticket.mergedInto == null', true],
    ['ticket.resolvedAt == null && ticket.resolutionCode == null', true],
    ['ticket.fields.cost == 5 && !has(ticket.fields.price)', true],
  ])('sees %s', (condition, holds) => {
    const guard = guardOf([{ ...read, condition }], ['lead']);
    expect(guard.view(ticketState({ fields: { cost: 5 } })) !== undefined).toBe(holds);
  });
});

describe('an admin', () => {
  it.each([
    ['a rule for others', { roles: ['auditor'] }, true],
    ['a condition that fails', { condition: 'false' }, true],
    ['a rule without override', { condition: 'false', adminOverrides: false }, false],
    ['a rule without override that passes', { roles: ['admin'], adminOverrides: false }, true],
    ['a rule for nobody', { roles: ['nobody'] }, false],
    ['a rule for nobody or auditors', { roles: ['nobody', 'auditor'] }, false],
    ['a rule for nobody or admins', { roles: ['nobody', 'admin'] }, true],
  ])('is held to %s: %j passes %s', (_, rule, passes) => {
    expect(guardOf([{ ...read, ...rule }], ['admin']).view(ticketState()) !== undefined).toBe(passes);
    const unless = [read, { ...read, ...rule, effect: 'deny-unless' }];
    expect(guardOf(unless, ['admin']).view(ticketState()) !== undefined).toBe(passes);
  });
});

describe('a command', () => {
  const all = [...readAll, { operations: ['create', 'write', 'transition'] }];
  const writes = (field: string) => ({ field, operations: ['write'] });

  it('on a ticket that may not be read is answered as if there were none', () => {
    const guard = guardOf([{ ...read, condition: 'false' }, { operations: ['transition'] }]);
    expect(guard.refuse(stamped('StartWork'), ticketState(), new Map())).toEqual({
      status: 'rejected',
      code: 'ticket_not_found',
      message: 'there is no ticket T-1',
      ticketId: 'T-1',
      tried: 'StartWork',
      state: undefined,
      revision: undefined,
      guard: undefined,
      legal: [],
    });
  });

  it('can not make a ticket readable by what it brings', () => {
    const access = accessBy(
      policyOf([
        { ...read, script: 'after.group in user.groups' },
        { ...read, field: '*' },
        { operations: ['transition'] },
      ]),
    );
    const ana = principal(['agent']);
    const queueing = stamped('QueueTicket', { group: 'network' });
    const asked = { operation: 'QueueTicket', command: queueing } as const;
    for (const [group, code] of [
      ['desk', 'ticket_not_found'],
      ['network', undefined],
    ] as const) {
      const ticket = ticketState({ group });
      expect(codeOf(access.guardOf(ana), queueing, ticket)).toBe(code);
      expect(access.guardOf(ana).may('QueueTicket', ticket)).toBe(code === undefined);
      expect(access.explain(ana, { ...asked, ticket }).allowed).toBe(code === undefined);
    }
  });

  it('that brings no data is taken to change nothing that it would have to name', () => {
    const script = 'after.assignee == before.assignee && after.group == before.group';
    const guard = guardOf([...readAll, { operations: ['transition'], script }]);
    const ticket = ticketState({ assignee: 'bo', group: 'network' });
    for (const type of ['AssignTicket', 'AcceptOffer'] as const) expect(guard.may(type, ticket)).toBe(true);
    for (const type of ['QueueTicket', 'UnassignTicket', 'RemoveAgent'] as const) {
      expect(guard.may(type, ticket)).toBe(false);
    }
    expect(codeOf(guard, stamped('AssignTicket', { agent: 'al' }), ticket)).toBe('access_denied');
  });

  it('needs the gate of its operation, whatever word the rule has for it', () => {
    expect(codeOf(guardOf(readAll), stamped('StartWork'))).toBe('access_denied');
    for (const operations of [['StartWork'], ['transition']]) {
      expect(codeOf(guardOf([...readAll, { operations }]), stamped('StartWork'))).toBeUndefined();
    }
    const changing = stamped('ChangeFields', { fields: {} });
    expect(codeOf(guardOf([...readAll, { operations: ['transition'] }]), changing)).toBe('access_denied');
    for (const operations of [['write'], ['ChangeFields']]) {
      expect(codeOf(guardOf([...readAll, { operations }]), changing)).toBeUndefined();
    }
  });

  it.each([
    ['ChangeFields', { fields: { cost: 1 } }],
    ['ChangeFields', { fields: { cost: null } }],
    ['ResolveTicket', { fields: { cost: 1 } }],
    ['CloseTicket', { fields: { cost: 1 } }],
    ['MoveTicket', { to: 'open', fields: { cost: 1 } }],
    ['OpenFollowUp', { fields: { cost: 1 } }],
    ['SplitTicket', { fields: { cost: 1 } }],
    ['RedactContent', { fields: ['cost'], reason: 'asked' }],
  ] as const)('%s with %j needs the gate of the field', (type, data) => {
    expect(codeOf(guardOf([...all, writes('price')]), stamped(type, data))).toBe('access_denied');
    expect(codeOf(guardOf([...all, writes('cost')]), stamped(type, data))).toBeUndefined();
  });

  it.each(['requester', 'group', 'agent'])('OpenTicket with a %s needs the gate of that', (member) => {
    const given = stamped('OpenTicket', { [member]: 'bo' });
    const gate = (field: string) => ({ field, operations: ['create'] });
    const attribute = member === 'agent' ? 'assignee' : member;
    expect(guardOf([...all, gate('subject')]).refuse(given, undefined, new Map())?.code).toBe(
      'access_denied',
    );
    expect(guardOf([...all, gate(attribute)]).refuse(given, undefined, new Map())).toBeUndefined();
  });

  it.each([
    ['before.fields.cost == 5 && after.fields.cost == 9', { cost: 9 }],
    ['!has(after.fields.cost) && after.fields.price == 1', { cost: null, price: 1 }],
    ['command.type == "ChangeFields" && command.data.fields.cost == 9', { cost: 9 }],
    ['command.actor.id == "agent-1" && command.onBehalfOf == null', { cost: 9 }],
  ])('lets a script see %s', (script, fields) => {
    const guard = guardOf([...readAll, writes('*'), { operations: ['write'], script }]);
    const ticket = ticketState({ fields: { cost: 5 } });
    expect(codeOf(guard, stamped('ChangeFields', { fields }), ticket)).toBeUndefined();
    expect(codeOf(guard, stamped('ChangeFields', { fields: { cost: 7 } }), ticketState())).toBe(
      script.includes('actor') ? undefined : 'access_denied',
    );
  });

  it('lets a rule for opening see no ticket yet, and what it will be', () => {
    const create = { operations: ['create'], condition: 'ticket.requester == null && ticket.fields == {}' };
    const script = 'after.requester == "bo" && after.fields.cost == 1 && after.openedBy == "agent-1"';
    const guard = guardOf([
      { ...create, script },
      { field: '*', operations: ['create'] },
    ]);
    const open = (requester: string) =>
      guard.refuse(stamped('OpenTicket', { requester, fields: { cost: 1 } }), undefined, new Map())?.code;
    expect(open('bo')).toBeUndefined();
    expect(open('al')).toBe('access_denied');
  });

  it('is refused once the credential does not hold any more', () => {
    let active = true;
    const guard = accessBy(policyOf(all)).guardOf(principal(['agent'], { isActive: () => active }));
    expect(codeOf(guard, stamped('StartWork'))).toBeUndefined();
    active = false;
    expect(codeOf(guard, stamped('StartWork'))).toBe('access_denied');
    expect(guard.may('StartWork', ticketState())).toBe(false);
  });
});

describe('a command that names another ticket', () => {
  const rules = [
    { ...read, condition: 'ticket.group != "board"' },
    { field: '*', ...read },
    { operations: ['transition'], condition: 'ticket.group != "frozen"' },
  ];
  const guard = guardOf(rules);
  const others = new Map<string, TicketState>(
    ['desk', 'board', 'frozen'].map((group) => [group, ticketState({ ticketId: group, group })]),
  );
  const merge = (into: string) => guard.refuse(stamped('MergeTicket', { into }), ticketState(), others);
  const link = (ticket: string) =>
    guard.refuse(stamped('LinkTicket', { ticket, relation: 'related' }), ticketState(), others);

  it('needs to be able to read it, and tells one that may not be read from none by nothing', () => {
    expect(merge('desk')).toBeUndefined();
    expect(link('desk')).toBeUndefined();
    for (const ask of [merge, link]) {
      const [hidden, missing] = [ask('board'), ask('absent')];
      expect(hidden?.code).toBe('ticket_not_found');
      expect(JSON.stringify(hidden)).toBe(JSON.stringify(missing).replaceAll('absent', 'board'));
    }
  });

  it('must be allowed on it too, where it changes it', () => {
    expect(merge('frozen')?.code).toBe('access_denied');
    expect(link('frozen')).toBeUndefined();
  });
});

describe('a change of the policy', () => {
  it('holds at once for guards that were given out before', () => {
    const access: AccessControl = accessBy(policyOf(readAll));
    const guard = access.guardOf(principal(['agent']));
    expect([guard.readsAll, guard.policyVersion]).toEqual([true, 1]);
    access.use(policyOf([]), 2);
    expect([guard.readsAll, guard.policyVersion]).toEqual([false, 2]);
    expect(guard.view(ticketState())).toBeUndefined();
    expect(access.guardOf(guard.principal)).toBe(guard);
  });

  it('that can not be used leaves the one before in use', () => {
    const access = accessBy(policyOf(readAll));
    const broken = policyOf([{ ...read, condition: 'ticket.' }]);
    expect(() => access.use(broken, 2)).toThrow('not CEL');
    expect(access.version).toBe(1);
    expect(access.guardOf(principal(['agent'])).readsAll).toBe(true);
  });
});

describe('an explanation', () => {
  const reads = (condition: string) => [
    { operations: ['read'], field: 'secret', roles: ['auditor'] },
    { operations: ['read'], field: '*' },
    { operations: ['read'], condition },
    read,
  ];
  const ticket = ticketState({ fields: { secret: 'canary' } });
  const explained = (condition: string, roles: readonly string[]) =>
    JSON.stringify(
      accessBy(policyOf(reads(condition))).explain(
        principal(['agent']),
        { operation: 'read', ticket },
        principal(roles),
      ),
    );

  it.each([
    ['int(ticket.fields.secret) == 1', 'the expression can not be evaluated'],
    ['ticket.fields.secret', 'it comes to a text'],
    ['[ticket.fields.secret]', 'it comes to a list'],
    ['{"a": ticket.fields.secret}', 'it comes to a map'],
  ])('of %s quotes nothing that its reader may not see', (condition, words) => {
    expect(explained(condition, ['agent'])).toContain(words);
    expect(explained(condition, ['agent'])).not.toContain('canary');
  });

  it('says in full why an expression failed to who may see all of the ticket', () => {
    expect(explained('int(ticket.fields.secret) == 1', ['auditor'])).toContain('canary');
  });
});
