/**
 * Hidden is hidden everywhere: tickets whose every field and attribute holds a word of its own, asked after
 * in every way that the OpenAPI document has, by callers from whom different things are hidden.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HttpContext } from '../../adapters/http/context.ts';
import { openApiDocument } from '../../adapters/http/openapi/document.ts';
import { mintKey } from '../../adapters/identity/key-text.ts';
import { openFileJournal } from '../../adapters/journal/file-journal.ts';
import { lockFolder } from '../../adapters/log/segment/lock.ts';
import { openAccessBook } from '../../domain/access/access-book.ts';
import { accessOffice } from '../../domain/access/access-office.ts';
import { accessEventSchema } from '../../domain/access/events.ts';
import { accessPolicySchema } from '../../domain/access/policy.ts';
import { builtInWorkflows } from '../../domain/workflow/registry.ts';
import { awaitPosition } from '../../projections/await-position.ts';
import type { Database } from '../../projections/sql.ts';
import { ticketFigures } from '../../projections/ticket-figures.ts';
import { answeringVisibly, ticketPage } from '../../projections/ticket-list.ts';
import { openAccessRules } from '../../scripts/runtime/access-rules.ts';
import { type Harness, startServer } from '../adapters/http/harness.ts';
import { temporaryFolder } from '../adapters/log/folders.ts';
import { SetClock } from '../contracts/journal.ts';
import { project } from '../projections/databases.ts';
import { allEvents } from '../support/engine.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { slaRules } from '../support/sla.ts';
import {
  callers,
  canaries,
  clerksPolicy,
  held,
  hiddenNames,
  hiddenOn,
  hiddenWords,
  offered,
  resolved,
  story,
} from './canaries.ts';
import { type Asked, everyWay, tellNothing } from './every-way.ts';

const builtIn = [
  'chief',
  'lead',
  'agent',
  'integration',
  'analyst',
  'auditor',
  'opener',
  'requester',
  'stranger',
];
const clerks = [...callers.keys()].filter((name) => !builtIn.includes(name));
/** A stream that says nothing for so long has said what it has to say. */
const silenceMs = 150;

const access = openAccessRules(builtInWorkflows);
const { rules } = access;
let test: TestDatabase;
let server: Harness;

beforeAll(async () => {
  test = await testDatabase();
  const { database } = test;
  const clock = new SetClock();
  const journal = await openFileJournal({
    folder: `${await temporaryFolder()}/access`,
    name: 'journal',
    schema: accessEventSchema,
    clock,
    lock: lockFolder,
  });
  const book = await openAccessBook({ journal, clock, mint: mintKey, rules });
  const tickets = { current: (ticketId: string) => server.engine.present.current(ticketId) };
  const targets = [{ metric: 'resolution', minutes: 600, hours: 'calendar' }];
  server = await startServer({
    sla: slaRules({ name: 'canarysla', version: '1', targets }),
    context: {
      ...readsOf(database),
      access: access.access,
      accessOffice: accessOffice({ book, explainer: access.explainer, tickets }),
      authenticator: { authenticate: (name) => callers.get(name ?? '') ?? { refused: 'unknown' } },
    },
  });
  for (const command of story) {
    const { body } = await server.post('/v1/commands', { commands: [command] }, { authorization: 'chief' });
    expect(body, JSON.stringify(command)).toMatchObject({ outcomes: [{ status: 'accepted' }] });
  }
  for (const asked of [...(everyWay.commandTicket ?? []), ...(everyWay.patchTicket ?? [])]) {
    if (asked.headers?.['idempotency-key'] !== undefined) await ask('chief', asked);
  }
  await project(database, await allEvents(server.log));
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await test.drop();
});

function readsOf(database: Database): Pick<HttpContext, 'ticketList' | 'ticketFigures' | 'awaitReadModels'> {
  return {
    ticketList: {
      page: (question, wanted) => ticketPage(database, builtInWorkflows, question, wanted),
      answeringVisibly: (words, tickets) => answeringVisibly(database, words, tickets),
    },
    ticketFigures: (ticketId) => ticketFigures(database, ticketId),
    awaitReadModels: (wait) => awaitPosition(database, { partition: 0, ...wait }),
  };
}

/** The whole answer as it came: status, headers, body. */
async function ask(caller: string, { method = 'GET', path, headers = {}, body }: Asked): Promise<string> {
  const response = await fetch(server.url + path, {
    method,
    headers: { authorization: caller, 'accept-encoding': 'identity', ...headers },
    ...(body === undefined ? {} : { body }),
  });
  const told = [...response.headers].filter(([name]) => name !== 'date').map((header) => header.join(': '));
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true;
  const text = isStream ? await streamed(response) : await response.text();
  expect(response.status, `${caller} ${path}`).toBeLessThan(429);
  return [response.status, ...told, text].join('\n');
}

/** What a stream says until it is silent or has come to the end of what there is. */
async function streamed(response: Response): Promise<string> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  if (reader === undefined) throw new Error('the stream has no body');
  let text = '';
  for (;;) {
    const silence = Promise.withResolvers<undefined>();
    const timer = setTimeout(() => silence.resolve(undefined), silenceMs);
    const part = await Promise.race([reader.read(), silence.promise]);
    clearTimeout(timer);
    if (part?.value === undefined) break;
    text += part.value;
  }
  await reader.cancel();
  return text;
}

/** The same with ids that no ticket, no command and no request has. */
function missing(text: string): string {
  return text
    .replaceAll(/C-[123]|CANARY-LINK/g, 'C-0')
    .replaceAll(/(said|asked|patched)-before/g, '$1-never');
}

const listedIn = (answer: string) =>
  [held, offered, resolved].filter((id) => answer.includes(`"ticketId":"${id}"`));

/** Looks through one answer for what it must and must not say. */
async function lookThrough(caller: string, asked: Asked): Promise<void> {
  const answer = await ask(caller, asked);
  const where = `${asked.method ?? 'GET'} ${asked.path} ${asked.body ?? ''} as ${caller}: ${answer}`;
  const own = asked.path + asked.body;
  const said = hiddenWords(caller).filter((word) => answer.includes(word) && !own.includes(word));
  expect.soft(said, where).toEqual([]);
  const hidden = hiddenNames(caller);
  const untold = (asked.tells ?? []).filter(
    (name) => !hidden.includes(name) && canaries[name]?.some((word) => answer.includes(word)) !== true,
  );
  expect.soft(untold, `what should be told: ${where}`).toEqual([]);
  if (asked.asksBy === undefined) return;
  const { name, control } = asked.asksBy;
  if (!hidden.includes(name)) {
    expect.soft(listedIn(answer), where).not.toEqual([]);
    return;
  }
  const among = hiddenOn(caller);
  const expected = control === undefined ? '' : await ask(caller, { ...asked, path: control });
  const found = (text: string) => listedIn(text).filter((id) => among.includes(id));
  expect.soft(found(answer), `as ${control ?? 'nothing'}: ${where}`).toEqual(found(expected));
}

describe('what is looked through', () => {
  it('is every operation of the OpenAPI document', () => {
    const { paths } = openApiDocument(server.server.routes, 'test');
    const operations = Object.values(paths).flatMap((methods) =>
      Object.values(methods).map(({ operationId }) => operationId),
    );
    // A new operation goes into `everyWay`; into `tellNothing` only with a reason why it tells of no ticket.
    expect(new Set(operations)).toEqual(new Set([...Object.keys(everyWay), ...Object.keys(tellNothing)]));
  });

  it('says every word to somebody from whom nothing is hidden', async () => {
    const answers: string[] = [];
    for (const asked of Object.values(everyWay).flat()) answers.push(await ask('chief', asked));
    const all = answers.join('\n');
    for (const word of Object.values(canaries).flat()) expect(all).toContain(word);
  });
});

describe('under the built-in rules', () => {
  it.each(builtIn)(
    '%s is told what it may see and nothing else',
    async (caller) => {
      for (const asked of Object.values(everyWay).flat()) await lookThrough(caller, asked);
    },
    30_000,
  );
});

describe('tickets that may not be read', () => {
  const ways = [
    'getTicket',
    'listTicketEvents',
    'getTicketMetrics',
    'commandTicket',
    'commandMany',
    'patchTicket',
  ];

  it.each(['requester', 'stranger'])(
    'are for %s as those that do not exist, in every way',
    async (caller) => {
      for (const asked of ways.flatMap((way) => everyWay[way] ?? [])) {
        const hidden = await ask(caller, asked);
        // An id is used, or not, on all tickets together.
        if (hidden.includes('command_id_reused')) continue;
        const none = await ask(caller, JSON.parse(missing(JSON.stringify(asked))));
        // Ids differ, and so do the lengths of answers, what is left of a quota, and what was asked before.
        const incidental = /^(content-length|ratelimit|idempotent-replayed).*\n/gm;
        const told = (answer: string) => missing(answer).replaceAll(incidental, '');
        expect.soft(told(hidden), `${asked.method ?? 'GET'} ${asked.path} ${asked.body}`).toBe(told(none));
      }
    },
  );
});

describe('under rules that hide one thing from each', () => {
  beforeAll(() => rules.use(accessPolicySchema.parse(clerksPolicy), 2));

  it.each(clerks)(
    '%s is told all but that',
    async (caller) => {
      for (const asked of Object.values(everyWay).flat()) await lookThrough(caller, asked);
    },
    30_000,
  );
});
