/** What could not be carried out is kept, told, tried again and given up, and never done twice. */
import { describe, expect, it } from 'vitest';
import { Letters } from '../../../adapters/webhooks/letters.ts';
import { webhookLimits } from '../../../adapters/webhooks/limits.ts';
import { LetterOffice } from '../../../adapters/webhooks/office.ts';
import type { Access } from '../../../domain/access/guard.ts';
import { nobody } from '../../../domain/access/nobody.ts';
import { Fault } from '../../../domain/errors.ts';
import { commandSchema } from '../../../domain/ticket/commands.ts';
import { actor } from '../../support/tickets.ts';
import { builtInSources, type Desk, openDesk } from './desk.ts';

const early = 'servicenow';
const time = (minute: number) => `2026-03-02T10:${String(minute).padStart(2, '0')}:00Z`;

function plain(id: string, minute: number, ticket: object, more: object = {}) {
  return { id, at: time(minute), ticket: { id: '1', openedAt: time(0), ...ticket }, ...more };
}

async function give(desk: Desk, type: string, ticketId: string, data: object, role = 'agent') {
  const by = actor(role === 'lead' ? 'lead' : 'agent');
  const command = commandSchema.parse({ type, ticketId, actor: by, data });
  const [outcome] = await desk.engine.submit([command]);
  expect(outcome).toMatchObject({ status: 'accepted' });
}

/** A desk on which FD-1 was cancelled, so that it takes nothing more. */
async function cancelled(): Promise<Desk> {
  const desk = await openDesk();
  await desk.send('freshdesk', plain('d1', 1, { status: 'Open' }));
  await give(desk, 'CancelTicket', 'FD-1', { reason: 'spam' });
  return desk;
}

async function officeOf({ intake, letters, clock }: Desk): Promise<LetterOffice> {
  return new LetterOffice({ intake, letters, clock, sources: await builtInSources() });
}

describe('a delivery that the workflow refuses', () => {
  it('is kept with its reason, what was legal, and all that was delivered', async () => {
    const desk = await cancelled();
    const taken = await desk.send('freshdesk', plain('d2', 2, { status: 'Resolved', assignee: 'bo' }));
    expect(taken).toMatchObject({ status: 'kept', code: 'illegal_transition', events: 0 });
    const [letter] = desk.letters.all();
    expect(letter).toMatchObject({
      id: taken.letter,
      rule: 'ticket',
      ticketId: 'FD-1',
      at: Date.parse(time(2)),
      problem: {
        code: 'illegal_transition',
        tried: 'AssignTicket',
        state: 'cancelled/unassigned/L0',
        legal: ['ChangeFields', 'LinkTicket', 'RedactContent'],
      },
      envelope: { id: 'd2', source: 'freshdesk', data: { id: 'd2', ticket: { status: 'Resolved' } } },
    });
  });

  it('is kept once, however often it comes and whatever restarts in between', async () => {
    const desk = await cancelled();
    const delivery = plain('d2', 2, { status: 'Resolved' });
    await desk.send('freshdesk', delivery);
    await Promise.all([desk.send('freshdesk', delivery), desk.send('freshdesk', delivery)]);
    const again = await openDesk({ log: desk.log, journal: desk.journal });
    expect(await again.send('freshdesk', delivery)).toMatchObject({ status: 'kept', events: 0 });
    expect(again.letters.all()).toHaveLength(1);
    const kept = desk.journal.entries.filter(({ event }) => event.type === 'LetterKept');
    expect(kept).toHaveLength(1);
  });

  it('is done by itself once the ticket allows it, and something newer was not told', async () => {
    const desk = await openDesk();
    await desk.send('freshdesk', plain('d1', 1, { status: 'Open', assignee: 'bo' }));
    await desk.send('freshdesk', plain('c1', 1, { id: '9', status: 'Open', assignee: 'bo' }));
    await give(desk, 'LinkTicket', 'FD-1', { ticket: 'FD-9', relation: 'child' });
    const refused = await desk.send('freshdesk', plain('d2', 2, { status: 'Resolved', assignee: 'bo' }));
    expect(refused).toMatchObject({ status: 'kept', code: 'condition_unmet' });
    await desk.send('freshdesk', plain('c2', 3, { id: '9', status: 'Resolved', assignee: 'bo' }));
    // A comment on the ticket itself is what brings the letter back to mind.
    const comment = { comment: { id: '1', body: 'Now?', author: 'bo' } };
    await desk.send('freshdesk', { ...plain('d3', 2, { status: 'Resolved', assignee: 'bo' }), ...comment });
    expect(await desk.ticket('FD-1')).toMatchObject({ state: 'resolved/assigned/L0' });
    expect(desk.letters.all()).toEqual([]);
  });
});

describe('replay', () => {
  it('says why where it is refused again, and writes down who tried', async () => {
    const desk = await openDesk();
    const office = await officeOf(desk);
    await desk.send('freshdesk', plain('d1', 1, { status: 'Open', assignee: 'bo' }));
    await give(desk, 'CancelTicket', 'FD-1', { reason: 'spam' }, 'lead');
    const { letter = '' } = await desk.send('freshdesk', plain('d2', 2, { status: 'Open', assignee: 'ana' }));
    expect(await office.replay(letter, 'key:1')).toMatchObject({
      status: 'refused',
      problem: { code: 'illegal_transition' },
    });
    expect(office.letter(letter)).toMatchObject({ replays: 1 });
    expect(desk.journal.entries.at(-1)).toMatchObject({
      event: { type: 'LetterReplayed', by: { id: 'key:1' }, outcome: 'refused' },
    });
  });

  it('of an early delivery works when its ticket was opened in another way', async () => {
    const desk = await openDesk({ sources: await openingNothing() });
    const office = await officeOf(desk);
    const { letter = '', code } = await desk.send(early, plain('d1', 1, { status: 'Open' }));
    expect(code).toBe('ticket_not_found');
    expect(office.letters({ early: false, limit: 10 }).total).toBe(0);
    expect(office.letters({ early: true, limit: 10 }).total).toBe(1);
    expect(office.sources().find(({ name }) => name === early)).toMatchObject({
      enabled: true,
      deadLetters: 0,
      earlyLetters: 1,
      deliveries: { kept: 1 },
    });
    desk.clock.time += 30 * 60_000 + 1;
    expect(office.letters({ early: false, limit: 10 }).total).toBe(1);
    await desk.engine.submit([
      commandSchema.parse({ type: 'OpenTicket', ticketId: 'SN-1', actor: actor('agent'), data: {} }),
    ]);
    expect(await office.replay(letter, 'key:1')).toEqual({ status: 'done' });
    expect(await office.replay(letter, 'key:1')).toEqual({ status: 'unknown' });
    const head = await desk.log.head();
    expect(await desk.send(early, plain('d1', 1, { status: 'Open' }))).toMatchObject({ status: 'duplicate' });
    expect(await desk.log.head()).toBe(head);
  });
});

/** ServiceNow by a mapping of the user's that opens no tickets. */
async function openingNothing() {
  const sources = new Map(await builtInSources());
  const source = sources.get(early);
  if (source === undefined) throw new Error(`there is no ${early}`);
  const rules = source.compiled.rules.map((rule) => ({
    ...rule,
    commands: rule.commands.filter(({ rule: { type } }) => type === 'ChangeFields'),
  }));
  return sources.set(early, { ...source, compiled: { ...source.compiled, rules } });
}

describe('dropping', () => {
  it('is for good, across restarts, and says who and why', async () => {
    const desk = await cancelled();
    const delivery = plain('d2', 2, { status: 'Resolved' });
    const { letter = '' } = await desk.send('freshdesk', delivery);
    const office = await officeOf(desk);
    expect(await office.drop(letter, 'key:1', 'not ours')).toBe(true);
    expect(await office.drop(letter, 'key:1', 'not ours')).toBe(false);
    expect(desk.journal.entries.at(-1)?.event).toEqual({
      type: 'LetterDropped',
      id: letter,
      by: { id: 'key:1' },
      reason: 'not ours',
    });
    const again = await openDesk({ log: desk.log, journal: desk.journal });
    expect(await again.send('freshdesk', delivery)).toMatchObject({ status: 'duplicate' });
    expect(again.letters.all()).toEqual([]);
  });
});

describe('what changed nothing', () => {
  it('is still newer than what comes after it, across a restart', async () => {
    const first = await openDesk();
    await first.send('freshdesk', plain('d1', 1, { status: 'Open', assignee: 'bo' }));
    await first.send('freshdesk', plain('d3', 3, { status: 'Open', assignee: 'bo' }));
    const desk = await openDesk({ log: first.log, journal: first.journal });
    const late = await desk.send('freshdesk', plain('d2', 2, { status: 'Pending', assignee: 'ana' }));
    expect(late).toMatchObject({ status: 'unchanged', events: 0 });
    expect(await desk.ticket('FD-1')).toMatchObject({ state: 'open/assigned/L0', assignee: 'bo' });
  });
});

describe('a delivery that does not fit its mapping', () => {
  it('is kept, with the place in the definition', async () => {
    const desk = await openDesk();
    const taken = await desk.send('zendesk', {
      id: 'e1',
      type: 'zen:event-type:ticket.x',
      detail: { id: '1' },
    });
    expect(taken).toMatchObject({ status: 'kept', code: 'webhook_unreadable' });
    expect(desk.letters.all()[0]?.problem.message).toMatch(/^rules\[0\]\.values\.openedAt: /);
    const id = { ...plain('d1', 1, { id: 'with spaces' }) };
    expect(await desk.send('freshdesk', id)).toMatchObject({ status: 'kept', code: 'webhook_unreadable' });
    expect(await desk.log.head()).toBe(0);
  });
});

describe('access rules', () => {
  it('hold for sources too: what they refuse is kept', async () => {
    const seen: string[] = [];
    const access: Access = {
      guardOf: (principal) => {
        seen.push(`${principal.id} ${principal.actor.role} ${principal.roles.join()}`);
        return nobody.guard;
      },
    };
    const desk = await openDesk({ access });
    const taken = await desk.send('freshdesk', plain('d1', 1, { status: 'Open' }));
    expect(taken).toMatchObject({ status: 'kept', code: 'access_denied' });
    expect(seen).toEqual(['webhook:freshdesk integration integration']);
    expect(await desk.log.head()).toBe(0);
  });
});

describe('an engine that takes nothing', () => {
  it('lets the source send again: nothing is kept, and nothing done twice', async () => {
    const desk = await openDesk();
    const failing = await openDesk({
      log: desk.log,
      journal: desk.journal,
      sink: { submit: () => Promise.reject(new Fault('overloaded', 'full')) },
    });
    const delivery = plain('d1', 1, { status: 'Open', assignee: 'bo' });
    await expect(failing.send('freshdesk', delivery)).rejects.toMatchObject({ code: 'overloaded' });
    expect(desk.journal.entries).toEqual([]);
    expect(await desk.send('freshdesk', delivery)).toMatchObject({ status: 'applied' });
  });

  it('after half of a delivery carries out only the other half next time', async () => {
    const desk = await openDesk();
    let left = 2;
    const failing = await openDesk({
      log: desk.log,
      journal: desk.journal,
      sink: {
        submit: (commands) => {
          left -= 1;
          if (left < 0) return Promise.reject(new Fault('overloaded', 'full'));
          return desk.engine.submit(commands);
        },
      },
    });
    const more = { comment: { id: '1', body: 'Hello', author: 'bo' } };
    const delivery = plain('d1', 1, { status: 'Open', assignee: 'bo' }, more);
    await expect(failing.send('freshdesk', delivery)).rejects.toBeInstanceOf(Fault);
    await desk.send('freshdesk', delivery);
    const types = (await desk.log.readTicket('FD-1')).map(({ type }) => type);
    expect(types.sort()).toEqual(['CommentAdded', 'TicketAssigned', 'TicketOpened']);
  });
});

describe('bounds', () => {
  it('of letters: beyond them the source keeps what it has', async () => {
    const desk = await cancelled();
    const letters = await Letters.open(desk.journal, { ...webhookLimits, lettersMax: 1 });
    const small = await openDesk({ log: desk.log, journal: desk.journal, letters });
    await small.send('freshdesk', plain('d2', 2, { status: 'Resolved' }));
    await expect(small.send('freshdesk', plain('d3', 3, { status: 'Resolved' }))).rejects.toMatchObject({
      code: 'overloaded',
    });
    expect(letters.all()).toHaveLength(1);
  });
});
