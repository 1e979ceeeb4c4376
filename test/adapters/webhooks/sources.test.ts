/** Definitions and secrets as users write them: what is taken, and how mistakes are told. */
import { chmod, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { celExpressions } from '../../../adapters/expressions/cel-expressions.ts';
import { loadSources } from '../../../adapters/webhooks/sources.ts';
import { openDesk, secret, signed } from './desk.ts';

const own = {
  source: 'shop',
  signature: [{ scheme: 'token', header: 'x-docket-token' }],
  ticketIdPrefix: 'SHOP-',
  rules: [
    {
      name: 'order',
      when: "has(body.kind) && body.kind == 'complaint'",
      ticketId: 'body.number',
      at: "''",
      values: { who: "'customer-' + string(body.customer)" },
      commands: [
        { type: 'OpenTicket', when: '!ticket.exists', data: { requester: 'values.who' } },
        { type: 'AddComment', data: { body: "query['via'] + ': ' + body.text", public: 'true' } },
      ],
    },
  ],
};

async function folderWith(files: Readonly<Record<string, unknown>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sources-'));
  for (const [name, content] of Object.entries(files)) {
    const text = typeof content === 'string' ? content : JSON.stringify(content);
    await writeFile(join(folder, name), text, { mode: 0o600 });
  }
  return folder;
}

const load = async (files: Readonly<Record<string, unknown>>) =>
  loadSources(await folderWith(files), celExpressions());

describe('a definition of the data folder', () => {
  it('is a source like the built-in ones', async () => {
    const sources = await load({ 'shop.json': own, 'secrets.json': { shop: { secrets: [secret] } } });
    const desk = await openDesk({ sources });
    const body = { kind: 'complaint', number: 7, customer: 12, text: 'Broken' };
    const incoming = { ...signed('shop', body, 0), query: 'via=mail&x' };
    expect(await desk.intake.take('shop', incoming)).toMatchObject([{ status: 'applied', events: 2 }]);
    expect(await desk.ticket('SHOP-7')).toMatchObject({ requester: 'customer-12' });
    const [, comment] = await desk.log.readTicket('SHOP-7');
    expect(comment).toMatchObject({ type: 'CommentAdded', data: { body: 'mail: Broken', public: true } });
    // The same bytes are the same delivery: nothing else tells them apart.
    expect(await desk.intake.take('shop', incoming)).toMatchObject([{ status: 'unchanged' }]);
  });

  it('replaces the built-in one of its name', async () => {
    const sources = await load({ 'github.json': { ...own, source: 'github' } });
    expect(sources.get('github')).toMatchObject({
      builtIn: false,
      compiled: { definition: { ticketIdPrefix: 'SHOP-' } },
    });
    expect(sources.get('jira')).toMatchObject({ builtIn: true, credentials: undefined });
  });

  it('may be a built-in one as it is, taken for a start', async () => {
    const folder = join(import.meta.dirname, '../../../adapters/webhooks/definitions');
    const sources = await load({ 'zendesk.json': await readFile(join(folder, 'zendesk.json'), 'utf8') });
    expect(sources.get('zendesk')).toMatchObject({ builtIn: false });
  });
});

describe('a mistake is told with its file and member', () => {
  const rule = own.rules[0];
  it.each<[string, Record<string, unknown>, RegExp]>([
    ['no JSON', { 'shop.json': '{' }, /shop\.json: it is no JSON/],
    ['a member too many', { 'shop.json': { ...own, extra: 1 } }, /shop\.json: .*extra/],
    ['another name', { 'shoe.json': own }, /shoe\.json: source: it is shop.*shop\.json/],
    [
      'an unknown command',
      { 'shop.json': { ...own, rules: [{ ...rule, commands: [{ type: 'Explode' }] }] } },
      /rules\.0\.commands/,
    ],
    [
      'no CEL',
      { 'shop.json': { ...own, rules: [{ ...rule, when: 'body.kind ==' }] } },
      /shop\.json: rules\[0\]\.when: .*CEL/,
    ],
    [
      'an unknown name',
      { 'shop.json': { ...own, rules: [{ ...rule, at: 'bdoy.at' }] } },
      /rules\[0\]\.at: .*bdoy/,
    ],
    [
      'a ticket where there is none yet',
      { 'shop.json': { ...own, rules: [{ ...rule, ticketId: 'ticket.assignee' }] } },
      /rules\[0\]\.ticketId: .*unknown name ticket/,
    ],
    [
      'secrets of nobody',
      { 'secrets.json': { shop: { secrets: [secret] } } },
      /secrets\.json: shop is no source/,
    ],
    ['a short secret', { 'secrets.json': { github: { secrets: ['short'] } } }, /secrets\.json: github/],
  ])('%s', async (_, files, message) => {
    const error = await load(files).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'input_unreadable', message: expect.stringMatching(message) });
  });

  it('and secrets are never told with it', async () => {
    const error = await load({ 'secrets.json': '{"github": {"secrets": ["hunter2hunter2"' }).catch(String);
    expect(error).toMatch(/secrets\.json: it is no JSON/);
    expect(error).not.toContain('hunter2');
  });
});

describe('secrets', () => {
  it('that others can read are not used', async () => {
    const folder = await folderWith({ 'secrets.json': { github: { secrets: [secret] } } });
    await chmod(join(folder, 'secrets.json'), 0o640);
    const error = await loadSources(folder, celExpressions()).catch(String);
    expect(error).toMatch(/secrets\.json: others may read it \(mode 640\); do: chmod 600/);
  });

  it('are needed: a source without one looks as if it were not there', async () => {
    const desk = await openDesk({ sources: await load({}) });
    const refused = { code: 'webhook_unknown', message: 'there is no such webhook source' };
    await expect(desk.send('github', {})).rejects.toMatchObject(refused);
    await expect(desk.send('nobody', {})).rejects.toMatchObject(refused);
  });

  it('may be done without only where definition and secrets both say so', async () => {
    const files = { 'shop.json': { ...own, signature: [{ scheme: 'none' }] } };
    const open = await openDesk({
      sources: await load({ ...files, 'secrets.json': { shop: { unsigned: true } } }),
    });
    const incoming = { headers: {}, query: '', body: Buffer.from('{}') };
    expect(await open.intake.take('shop', incoming)).toMatchObject([{ status: 'ignored' }]);
    const shut = await openDesk({
      sources: await load({ ...files, 'secrets.json': { shop: { secrets: [secret] } } }),
    });
    await expect(shut.intake.take('shop', incoming)).rejects.toMatchObject({ code: 'webhook_unsigned' });
  });
});
