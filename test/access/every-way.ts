/**
 * Every way in which the server tells anything: by the id of the operation in the OpenAPI document, with as
 * many questions as there are kinds of answer.
 */
import { canaries, held, linked, offered, repeated, resolved } from './canaries.ts';

/** One request; its answer is looked through as it came, headers and all. */
export interface Asked {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Names of which the answer says something to whoever may see them. */
  readonly tells?: readonly string[];
  /**
   * For what is asked by a value that the caller knows: the name that has it, and the path that asks by a
   * value that no ticket has. Where the name is hidden, both must have the same answer; and where there is no
   * such path, the answer must be empty.
   */
  readonly asksBy?: { readonly name: string; readonly control: string | undefined };
}

const json = { 'content-type': 'application/json' };
const told = ['state', 'assignee', 'group', 'requester', 'salary', 'priority', 'links', 'sla'];
const listed = told.filter((name) => name !== 'sla');
const toldByEvents = Object.keys(canaries).filter((name) => name !== 'metrics');

const get = (path: string, tells: readonly string[] = []): Asked => ({ path, tells });
const list = (query: string, name?: string): Asked => ({
  path: `/v1/tickets?${query}`,
  ...(name === undefined ? { tells: listed } : { asksBy: { name, control: controlOf(query) } }),
});

function controlOf(query: string): string | undefined {
  const control = query.replace(/canary[a-z]+|on_hold|=$/, (word) => (word === '=' ? '=zzz' : 'zzz'));
  return control === query ? undefined : `/v1/tickets?${control}`;
}
const post = (path: string, body: object, more: Partial<Asked> = {}): Asked => ({
  method: 'POST',
  path,
  body: JSON.stringify(body),
  ...more,
  headers: { ...json, ...more.headers },
});
const give = (ticketId: string, type: string, data: object = {}, more: object = {}): Asked =>
  post(`/v1/tickets/${ticketId}/commands`, { type, data, ...more });

const patch = (ticketId: string, headers: Readonly<Record<string, string>> = {}): Asked => ({
  method: 'PATCH',
  path: `/v1/tickets/${ticketId}`,
  headers: { 'content-type': 'application/merge-patch+json', ...headers },
  body: JSON.stringify({ fields: { color: 'plain' } }),
});

/** Refused by the workflow, each by another guard that looks at something else. */
const refusals: readonly Asked[] = [
  give(held, 'StartWork'),
  give(held, 'AcceptOffer', { agent: 'nobody' }),
  give(held, 'ExpireHold', { timerId: 'another' }, { actor: { id: 'rules', role: 'system' } }),
  give(held, 'ResolveTicket', { code: 'x' }),
  give(held, 'ResumeTicket', {}, { actor: { id: 'x', role: 'requester' } }),
  give(held, 'StartWork', {}, { expectedRevision: 1 }),
  give(held, 'MergeTicket', { into: held }),
  give(held, 'MergeTicket', { into: linked }, { expectedRevision: 1 }),
  give(held, 'LinkTicket', { ticket: linked, relation: 'related' }),
  give(held, 'BreachSla', { clock: 'resolution#1' }, { actor: { id: 'rules', role: 'system' } }),
  give(held, 'MoveTicket', { to: 'open' }),
  give(offered, 'AcceptOffer', { agent: 'nobody' }),
  give(offered, 'ExpireOffer', {}, { actor: { id: 'rules', role: 'system' } }),
  give(resolved, 'CloseTicket', {}, { actor: { id: 'rules', role: 'system' } }),
  give(
    resolved,
    'RecordRequesterReply',
    { body: 'x' },
    { occurredAt: '2036-01-01T00:00:00Z', actor: { id: 'x', role: 'requester' } },
  ),
  give(linked, 'StartWork'),
];

const neutral = { type: 'AddComment', ticketId: held, data: { body: 'neutral', public: true } };
const lines = (...commands: readonly object[]) =>
  commands.map((each) => `${JSON.stringify(each)}\n`).join('');

/** By operation; those that change something change nothing that is looked at. */
export const everyWay: Readonly<Record<string, readonly Asked[]>> = {
  getTicket: [
    get(`/v1/tickets/${held}`, told),
    get(`/v1/tickets/${offered}`, ['state', 'group', 'assignee']),
    get(`/v1/tickets/${resolved}`, ['resolution', 'assignee']),
    get(`/v1/tickets/${linked}`),
    get(`/v1/tickets/${held}?at-position=8`, ['salary', 'priority']),
    get(`/v1/tickets/${held}?at=2026-03-02T09:00:00Z`, ['salary', 'priority']),
    { path: `/v1/tickets/${held}`, headers: { 'if-none-match': '"1"' }, tells: told },
    { path: `/v1/tickets/${linked}`, headers: { 'if-none-match': '"1"' } },
  ],
  listTicketEvents: [held, offered, resolved, linked].map((id) => get(`/v1/tickets/${id}/events`)),
  getTicketMetrics: [
    get(`/v1/tickets/${held}/metrics`, ['metrics']),
    get(`/v1/tickets/${resolved}/metrics`, ['metrics']),
    get(`/v1/tickets/${linked}/metrics`),
  ],
  listTickets: [
    list('sort=id'),
    get('/v1/tickets?sort=-updated&limit=1'),
    list('sort=priority', 'priority'),
    list('sort=-priority', 'priority'),
    list('category=hold', 'state'),
    list('status=on_hold', 'state'),
    list('closed=false', 'state'),
    list('assignee=canaryassignee', 'assignee'),
    list('assignee=', 'assignee'),
    list('group=canarygroup', 'group'),
    list('requester=canaryrequester', 'requester'),
    list('priority=canarypriority', 'priority'),
    list('field.salary=canarysalary', 'salary'),
    list('resolved-from=2000-01-01T00:00:00Z', 'resolution'),
    list('q=canarysalary', 'salary'),
    list('q=canarypriority', 'priority'),
    list('q=canarycomment', 'comment'),
    list('q=canaryreply', 'comment'),
    list('q=canaryasking', 'comment'),
    list('q=canarynote', 'note'),
    // Nobody finds a ticket by the reason of a command.
    get('/v1/tickets?q=canaryreason'),
    list('q=plain+canarysalary', 'salary'),
    list('q=zzz+or+canarysalary', 'salary'),
    // What is left out because of a word that is hidden would tell of the word as well.
    list('q=plain+-canarysalary', 'salary'),
    list('q=plain+-canarynote', 'note'),
    list('q=plain+-canarycomment', 'comment'),
    get(`/v1/tickets?q=${linked}`),
  ],
  listEvents: [
    get('/v1/events', toldByEvents),
    get(`/v1/events?ticket=${linked}`),
    get('/v1/events?type=TicketResolved,TicketHeld', ['state', 'resolution']),
    { path: '/v1/events', headers: { accept: 'application/x-ndjson' }, tells: toldByEvents },
  ],
  streamEvents: [{ path: '/v1/events/stream?from=1', tells: toldByEvents }],
  openTicket: [
    post('/v1/tickets', { ticketId: held, data: {} }),
    post('/v1/tickets', { ticketId: linked, data: {} }),
    post('/v1/tickets', { data: { fields: { color: 'x' } } }),
  ],
  commandTicket: [
    ...refusals,
    give(held, 'AddComment', neutral.data),
    // Known by its id already: given by whoever gave it first, and by somebody else.
    give(held, 'AddComment', repeated.data, { commandId: repeated.commandId, actor: repeated.actor }),
    give(held, 'AddComment', repeated.data, { commandId: repeated.commandId }),
    post(`/v1/tickets/${held}/commands`, repeated, { headers: { 'idempotency-key': '"asked-before"' } }),
    post(`/v1/tickets/${held}/commands`, neutral, { headers: { 'if-match': '"1"' } }),
  ],
  patchTicket: [
    patch(held),
    patch(linked),
    patch(held, { 'if-match': '"1"' }),
    patch(linked, { 'if-match': '"1"' }),
    patch(held, { 'idempotency-key': '"patched-before"' }),
  ],
  commandMany: [
    post('/v1/commands', { commands: refusals.map(inBulk) }),
    post('/v1/commands', { commands: [neutral, { ...repeated }] }),
    {
      method: 'POST',
      path: '/v1/commands',
      headers: { 'content-type': 'application/x-ndjson' },
      body: lines(...refusals.map(inBulk), neutral, repeated),
    },
  ],
  explainAccess: ['salary', 'state', 'note', undefined].flatMap((field) =>
    ['read', 'ResolveTicket'].map((operation) =>
      post('/v1/access/explain', { operation, ticketId: held, ...(field === undefined ? {} : { field }) }),
    ),
  ),
};

function inBulk({ path, body }: Asked): object {
  return { ...JSON.parse(body ?? '{}'), ticketId: path.split('/')[3] };
}

const aboutAccess = 'keys and rules; they have a scope of their own';
const aboutLetters = 'what sources sent, which no rule looks through; it has a scope of its own';
const aboutRules = 'the same for everybody';

/** Operations that say nothing of any ticket that rules could hide, and why that is so. */
export const tellNothing: Readonly<Record<string, string>> = {
  getThroughput: 'counts of all tickets together; they have a scope of their own',
  listWorkflows: aboutRules,
  getWorkflow: aboutRules,
  getOpenApi: aboutRules,
  browseReference: aboutRules,
  isAlive: aboutRules,
  isReady: aboutRules,
  getMe: 'who asks',
  listKeys: aboutAccess,
  createKey: aboutAccess,
  rotateKey: aboutAccess,
  revokeKey: aboutAccess,
  getPolicy: aboutAccess,
  changePolicy: aboutAccess,
  checkPolicy: aboutAccess,
  listAccessChanges: aboutAccess,
  listWebhookSources: aboutLetters,
  listDeadLetters: aboutLetters,
  getDeadLetter: aboutLetters,
  replayDeadLetter: aboutLetters,
  dropDeadLetter: aboutLetters,
};
