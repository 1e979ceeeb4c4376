/** Lists of tickets against a naive reading of the same events: filters, orders, pages and words. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builtInWorkflows } from '../../domain/workflow/registry.ts';
import { categories } from '../../domain/workflow/transition.ts';
import type { Queries } from '../../projections/sql.ts';
import { foldTicket, type TicketEntry } from '../../projections/ticket.ts';
import {
  answeringVisibly,
  commonFrom,
  foundFirstMax,
  type ListQuestion,
  listedFrom,
  pageStatement,
  ticketPage,
} from '../../projections/ticket-list.ts';
import { type ListKey, listSorts } from '../../projections/ticket-list-order.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { project } from './databases.ts';
import { Recorder, randomHistory } from './histories.ts';

const events = randomHistory({ seed: 21, events: 1_500, liveTickets: 60, eventsPerTicket: 12 });
const everything: ListQuestion = { fields: [], sort: 'opened', descending: false };
const whole = { after: undefined, limit: 1_000, leavesOut: true };

let test: TestDatabase;
const tickets = new Map<string, TicketEntry>();
/** Where the database's own order of texts puts each ticket. */
const placeOfId = new Map<string, number>();

beforeAll(async () => {
  test = await testDatabase();
  await project(test.database, events);
  for (const event of events) {
    tickets.set(event.ticketId, foldTicket(tickets.get(event.ticketId), event, builtInWorkflows));
  }
  const ids = await test.database.query<{ id: string }>(
    'SELECT ticket_id AS id FROM docket.ticket ORDER BY ticket_id',
  );
  for (const { id } of ids) placeOfId.set(id, placeOfId.size);
});
afterAll(() => test.drop());

/** All pages of so many tickets, as ids. */
async function listed(question: ListQuestion, limit: number): Promise<readonly string[]> {
  const ids: string[] = [];
  for (let after: ListKey | undefined; ; ) {
    const page = await ticketPage(test.database, builtInWorkflows, question, {
      after,
      limit,
      leavesOut: true,
    });
    ids.push(...page.tickets.map(({ ticket }) => ticket.ticketId));
    if (page.tickets.length < limit) return ids;
    after = page.tickets.at(-1)?.key;
  }
}

describe('a list of tickets', () => {
  it('holds what a naive reading holds, in its order, whatever the page', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryQuestion, fc.integer({ min: 1, max: 40 }), async (question, limit) => {
        const chosen = [...tickets.values()].filter((entry) => isChosen(entry, question));
        expect(await listed(question, limit)).toEqual(ordered(chosen, question));
      }),
      { numRuns: 60 },
    );
  });

  it('says the position that it is true at, also where nothing is found', async () => {
    const page = await ticketPage(test.database, builtInWorkflows, everything, whole);
    expect([page.position, page.tickets.length]).toEqual([events.length, tickets.size]);
    const none = { ...everything, requester: ['nobody there'] };
    expect(await ticketPage(test.database, builtInWorkflows, none, whole)).toEqual({
      position: events.length,
      tickets: [],
    });
  });

  it('tells each ticket as its events made it, clocks left aside', async () => {
    const page = await ticketPage(test.database, builtInWorkflows, everything, whole);
    for (const { ticket, updatedAt, position } of page.tickets) {
      const entry = tickets.get(ticket.ticketId);
      expect([ticket, updatedAt, position]).toEqual([
        { ...entry?.ticket, replied: undefined },
        entry?.updatedAt,
        entry?.position,
      ]);
    }
  });

  it('keeps values out of its statement', () => {
    const evil = "x'; DROP TABLE docket.ticket; --";
    const question = {
      ...everything,
      assignee: [evil],
      words: evil,
      fields: [{ name: 'a', values: [evil] }],
    };
    const { text, values } = pageStatement(question, { ...whole, after: [1, evil] });
    expect(text).not.toContain('DROP');
    expect(JSON.stringify(values)).toContain('DROP');
  });
});

describe('pages', () => {
  it.each(['opened', 'id'] as const)(
    'by %s: every ticket once, while others come and change',
    async (sort) => {
      await pagesWhileChanging(sort);
    },
  );

  it.each(['updated', 'priority'] as const)(
    'by %s: every ticket that stays as it is once, while others come and change',
    async (sort) => {
      await pagesWhileChanging(sort);
    },
  );
});

async function pagesWhileChanging(sort: ListQuestion['sort']): Promise<void> {
  const own = await testDatabase();
  try {
    let held = 700;
    await project(own.database, events.slice(0, held));
    const before = new Set(events.slice(0, held).map(({ ticketId }) => ticketId));
    const seen: string[] = [];
    for (let after: ListKey | undefined; ; ) {
      const page = await ticketPage(
        own.database,
        builtInWorkflows,
        { ...everything, sort, descending: true },
        {
          after,
          limit: 17,
          leavesOut: true,
        },
      );
      seen.push(...page.tickets.map(({ ticket }) => ticket.ticketId));
      if (page.tickets.length < 17) break;
      after = page.tickets.at(-1)?.key;
      held += 60;
      await project(own.database, events.slice(0, held));
    }
    const changed = new Set(events.slice(700, held).map(({ ticketId }) => ticketId));
    const moves = sort === 'updated' || sort === 'priority';
    const expected = [...before].filter((ticketId) => !moves || !changed.has(ticketId)).sort();
    expect(expected.length).toBeGreaterThan(10);
    expect(seen.filter((ticketId) => expected.includes(ticketId)).sort()).toEqual(expected);
    expect(held).toBeGreaterThan(760);
  } finally {
    await own.drop();
  }
}

describe('words', () => {
  let words: TestDatabase;

  beforeAll(async () => {
    words = await testDatabase();
    const desk = new Recorder();
    const by = { id: 'ana', role: 'agent' } as const;
    const open = (ticketId: string, fields: Record<string, string | number | string[]>) =>
      desk.submit({ type: 'OpenTicket', ticketId, actor: by, data: { fields } });
    open('REQ-1', {
      subject: 'The Printer is on fire',
      serial: 'SN-77',
      tags: ['vip', 'paper jam'],
      cost: 12,
    });
    open('REQ-2', { subject: 'Out of paper', description: 'in the printer' });
    open('REQ-3', { subject: 'Ünïcode ☂ keyboard' });
    open('REQ-4', { subject: 'x '.repeat(8_000), description: 'huge', ...manyWords() });
    const say = (ticketId: string, body: string, isPublic: boolean) =>
      desk.submit({ type: 'AddComment', ticketId, actor: by, data: { body, public: isPublic } });
    say('REQ-3', 'have you tried toner', true);
    say('REQ-3', 'they are a difficult customer', false);
    await project(words.database, desk.events);
  });
  afterAll(() => words.drop());

  const find = async (text: string, leavesOut = true) => {
    const question = { ...everything, words: text, sort: 'id' as const };
    const page = await ticketPage(words.database, builtInWorkflows, question, { ...whole, leavesOut });
    return page.tickets.map(({ ticket }) => ticket.ticketId);
  };

  it.each([
    ['printer', ['REQ-1', 'REQ-2']],
    ['PRINTER fire', ['REQ-1']],
    ['printer -fire', ['REQ-2']],
    ['"out of paper"', ['REQ-2']],
    ['"of printer"', []],
    ['fire or keyboard', ['REQ-1', 'REQ-3']],
    ['ünïcode', ['REQ-3']],
    ['jam', ['REQ-1']],
    ['toner', ['REQ-3']],
    ['difficult customer', ['REQ-3']],
    ['REQ-2', ['REQ-2']],
    ['huge', ['REQ-4']],
    ['subject', []],
    ['-fire', []],
    ['☂', ['REQ-3']],
    ['!!', []],
  ])('%s', async (text, expected) => {
    expect(await find(text)).toEqual(expected);
  });

  it('that leave out are not looked at for a caller who may not see everything', async () => {
    expect(await find('printer -fire', false)).toEqual(['REQ-1', 'REQ-2']);
    expect(await find('-fire', false)).toEqual([]);
  });

  it('are found by what may be seen alone', async () => {
    const seen = (ticketId: string, fields: object, publicComments = false, internalComments = false) => ({
      ticketId,
      fields,
      publicComments,
      internalComments,
    });
    const answering = async (text: string, ...each: readonly ReturnType<typeof seen>[]) => [
      ...(await answeringVisibly(words.database, text, each)),
    ];
    expect(await answering('printer', seen('REQ-1', {}), seen('REQ-2', { d: 'the printer' }))).toEqual([
      'REQ-2',
    ]);
    expect(await answering('toner', seen('REQ-3', {}))).toEqual([]);
    expect(await answering('toner', seen('REQ-3', {}, true))).toEqual(['REQ-3']);
    expect(await answering('difficult', seen('REQ-3', {}, true))).toEqual([]);
    expect(await answering('difficult', seen('REQ-3', {}, false, true))).toEqual(['REQ-3']);
    expect(await answering('printer -fire', seen('REQ-1', { subject: 'a printer' }))).toEqual(['REQ-1']);
    expect(await answering('REQ-1', seen('REQ-1', {}))).toEqual(['REQ-1']);
  });

  it('are the same looked for by index and in place', async () => {
    for (const text of ['printer', 'toner', 'REQ-2', 'printer -fire', 'fire or keyboard']) {
      const question = { ...everything, words: text, sort: 'id' as const };
      const ids = async (inPlace: boolean) => {
        const { text: statement, values } = pageStatement(question, whole, inPlace);
        const rows = await words.database.query<{ ticket_id: string | null }>(statement, values);
        return rows.map(({ ticket_id }) => ticket_id);
      };
      expect(await ids(true)).toEqual(await ids(false));
    }
  });
});

describe('words that many tickets answer', () => {
  it('are those that cost less to meet on the way than to find and order', () => {
    expect(commonFrom(10_000, 50)).toBe(708);
    expect(commonFrom(10_000, 1)).toBe(100);
    expect(commonFrom(10_000_000, 50)).toBe(foundFirstMax);
  });

  it('are looked for in place, be they counted by PostgreSQL or guessed, and found the same', async () => {
    const own = await testDatabase();
    try {
      const desk = new Recorder();
      for (let index = 0; index < 400; index += 1) {
        const subject = index % 2 === 0 ? 'the printer' : index % 100 === 1 ? 'a rare invoice' : 'the door';
        const by = { id: 'ana', role: 'agent' } as const;
        desk.submit({
          type: 'OpenTicket',
          ticketId: `REQ-${String(index).padStart(3, '0')}`,
          actor: by,
          data: { fields: { subject } },
        });
      }
      await project(own.database, desk.events);
      const statements: string[] = [];
      const { database } = own;
      const watched: Queries = {
        query: (text, values) => {
          statements.push(text);
          return database.query(text, values);
        },
        prepared: (statement, values) => database.prepared(statement, values),
        execute: (text, values) => database.execute(text, values),
      };
      const find = async (words: string) => {
        const question = { ...everything, words, descending: true };
        const page = await ticketPage(watched, builtInWorkflows, question, { ...whole, limit: 10 });
        const foundFirst = statements.at(-1)?.startsWith('WITH found') === true;
        return { ids: page.tickets.map(({ ticket }) => ticket.ticketId), foundFirst };
      };
      const printers = Array.from({ length: 10 }, (_, index) => `REQ-${398 - 2 * index}`);
      expect(await find('printer')).toEqual({ ids: printers, foundFirst: false });
      await own.database.execute('ANALYZE');
      expect(await find('printer')).toEqual({ ids: printers, foundFirst: false });
      expect(await find('invoice')).toEqual({
        ids: ['REQ-301', 'REQ-201', 'REQ-101', 'REQ-001'],
        foundFirst: true,
      });
    } finally {
      await own.drop();
    }
  });
});

/** Fields of more text than PostgreSQL takes into one document. */
function manyWords(): Record<string, string> {
  const text = (seed: number) =>
    Array.from({ length: 2_000 }, (_, index) => (seed * 2_000 + index).toString(36).padStart(6, 'z')).join(
      ' ',
    );
  return Object.fromEntries(Array.from({ length: 90 }, (_, index) => [`f${index}`, text(index)]));
}

describe('the read models of an answer', () => {
  it('are those that its statement reads', () => {
    expect(listedFrom({ sort: 'id', words: undefined })).toEqual(['ticket']);
    expect(listedFrom({ sort: 'updated', words: undefined })).toEqual(['ticket', 'ticket_event']);
    expect(listedFrom({ sort: 'id', updated: { from: 1 } })).toEqual(['ticket', 'ticket_event']);
    expect(listedFrom({ sort: 'id', words: 'x' })).toEqual(['ticket', 'ticket_event']);
  });
});

const names = ['ada', 'grace', 'linus', 'nobody', ''] as const;
const someOf = <T>(values: readonly T[]) =>
  fc.option(fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: 3 }), { nil: undefined });
const time = fc.constantFrom(...events.filter((_, index) => index % 50 === 0).map((each) => each.occurredAt));
const period = fc.option(fc.record({ from: time, to: time }, { requiredKeys: [] }), { nil: undefined });

const arbitraryQuestion: fc.Arbitrary<ListQuestion> = fc.record({
  status: someOf(['new', 'open', 'on_hold', 'resolved', 'closed']),
  category: someOf(categories),
  workflow: someOf(['support', 'incident', 'support@1', 'other']),
  assignee: someOf(names),
  group: someOf(['desk', 'network', '']),
  requester: fc.constant(undefined),
  priority: someOf(['high', 'low', 'urgent', '']),
  closed: fc.option(fc.boolean(), { nil: undefined }),
  opened: period,
  updated: period,
  resolved: period,
  fields: fc.constantFrom(
    [],
    [],
    [{ name: 'category', values: ['network', ''] }],
    [{ name: 'cost', values: ['5'] }],
  ),
  sort: fc.constantFrom(...listSorts),
  descending: fc.boolean(),
});

function isChosen({ ticket, where, updatedAt }: TicketEntry, question: ListQuestion): boolean {
  const among = (values: readonly string[] | undefined, value: string | undefined) =>
    values === undefined || values.includes(value ?? '');
  const within = (given: ListQuestion['opened'], at: number | undefined) =>
    (given?.from === undefined || (at !== undefined && at >= given.from)) &&
    (given?.to === undefined || (at !== undefined && at < given.to));
  const field = (name: string) => {
    const value = ticket.fields[name];
    return value === undefined ? undefined : String(value);
  };
  return (
    among(question.status, where.lifecycle) &&
    among(question.category, where.category) &&
    (question.workflow === undefined ||
      question.workflow.some((each) => each === ticket.workflow || ticket.workflow.startsWith(`${each}@`))) &&
    among(question.assignee, ticket.assignee) &&
    among(question.group, ticket.group) &&
    among(question.priority, field('priority')) &&
    (question.closed === undefined || question.closed === where.final) &&
    within(question.opened, ticket.openedAt) &&
    within(question.updated, updatedAt) &&
    within(question.resolved, ticket.resolvedAt) &&
    question.fields.every(({ name, values }) => among(values, field(name)))
  );
}

function ordered(entries: readonly TicketEntry[], { sort, descending }: ListQuestion): readonly string[] {
  const ranks = ['urgent', 'high', 'normal', 'low'];
  const keyOf = ({ ticket, position }: TicketEntry): readonly number[] => {
    const place = placeOfId.get(ticket.ticketId) ?? -1;
    const priority = ticket.fields.priority;
    switch (sort) {
      case 'id':
        return [place];
      case 'updated':
        return [position];
      case 'opened':
        return [ticket.openedAt, place];
      case 'priority':
        return [priority === undefined ? 9 : ranks.indexOf(String(priority)), ticket.openedAt, place];
      default:
        return sort;
    }
  };
  const compare = (left: readonly number[], right: readonly number[]): number =>
    left.map((each, index) => each - (right[index] ?? 0)).find((difference) => difference !== 0) ?? 0;
  const sorted = entries.toSorted((left, right) => compare(keyOf(left), keyOf(right)));
  const ids = sorted.map(({ ticket }) => ticket.ticketId);
  return descending ? ids.reverse() : ids;
}
