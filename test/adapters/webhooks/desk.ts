/**
 * An intake of webhooks over a real engine and a log in memory, with every built-in source switched on, and
 * the other end: what sources send, signed as they sign it.
 */
import { createHmac } from 'node:crypto';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { celExpressions } from '../../../adapters/expressions/cel-expressions.ts';
import type { MemoryLog } from '../../../adapters/log/memory/memory-log.ts';
import type { DeliveryEvent } from '../../../adapters/webhooks/delivery-events.ts';
import { type Incoming, Intake, type IntakeOptions, type Taken } from '../../../adapters/webhooks/intake.ts';
import { Letters } from '../../../adapters/webhooks/letters.ts';
import { webhookLimits } from '../../../adapters/webhooks/limits.ts';
import { loadSources, type Sources } from '../../../adapters/webhooks/sources.ts';
import { unrestrictedAccess } from '../../../domain/access/unrestricted.ts';
import type { Engine } from '../../../domain/engine.ts';
import type { Journal, JournalEntry } from '../../../domain/ports.ts';
import { replay } from '../../../domain/ticket/evolve.ts';
import type { TicketState } from '../../../domain/ticket/state.ts';
import { engineOn, HandClock, memoryLog } from '../../support/engine.ts';

export const secret = 'a secret for tests only';
export const standardSecret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

const names = ['zendesk', 'freshdesk', 'jira', 'github', 'servicenow', 'zammad', 'intercom', 'cloudevents'];

/** A data folder's `webhooks` with secrets for all built-in sources. */
export async function webhookFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'webhooks-'));
  const secrets = Object.fromEntries(names.map((name) => [name, { secrets: [secret] }]));
  const all = { ...secrets, 'standard-webhooks': { secrets: [standardSecret] } };
  await writeFile(join(folder, 'secrets.json'), JSON.stringify(all), { mode: 0o600 });
  return folder;
}

const expressions = celExpressions();
let builtIn: Promise<Sources> | undefined;

/** All built-in sources, loaded once for all tests. */
export function builtInSources(): Promise<Sources> {
  builtIn ??= webhookFolder().then((folder) => loadSources(folder, expressions));
  return builtIn;
}

/** A journal without a disk, which a test can read: named for what it is. */
export class MemoryJournal implements Journal<DeliveryEvent> {
  readonly entries: JournalEntry<DeliveryEvent>[] = [];

  append(events: readonly DeliveryEvent[]): Promise<readonly JournalEntry<DeliveryEvent>[]> {
    const added = events.map((event, index) => ({
      position: this.entries.length + index + 1,
      recordedAt: new HandClock().now(),
      event,
    }));
    this.entries.push(...added);
    return Promise.resolve(added);
  }

  read(after = 0): Promise<readonly JournalEntry<DeliveryEvent>[]> {
    return Promise.resolve(this.entries.slice(after));
  }

  watch(): void {}

  close(): Promise<void> {
    return Promise.resolve();
  }
}

export interface Desk {
  readonly intake: Intake;
  readonly letters: Letters;
  readonly log: MemoryLog;
  readonly journal: MemoryJournal;
  readonly engine: Engine;
  readonly reported: unknown[];
  readonly clock: HandClock;
  ticket(ticketId: string): Promise<TicketState | undefined>;
  /** Signed as the source signs; one delivery. */
  send(source: string, body: object | string, headers?: Record<string, string>): Promise<Taken>;
}

/** Given the log and journal of another desk, it is that one started again. */
export async function openDesk(
  options: Partial<IntakeOptions> & { log?: MemoryLog; journal?: MemoryJournal } = {},
): Promise<Desk> {
  const clock = new HandClock();
  const log = options.log ?? memoryLog();
  const journal = options.journal ?? new MemoryJournal();
  const engine = engineOn(log);
  const letters = await Letters.open(journal, webhookLimits);
  const reported: unknown[] = [];
  const ticket = async (ticketId: string) => replay(ticketId, await log.readTicket(ticketId));
  const intake = new Intake({
    sources: await builtInSources(),
    letters,
    sink: engine,
    tickets: { current: ticket },
    reader: log,
    access: unrestrictedAccess,
    clock,
    report: (error) => reported.push(error),
    ...options,
  });
  const send = async (source: string, body: object | string, headers: Record<string, string> = {}) => {
    const [taken] = await intake.take(source, signed(source, body, clock.now(), headers));
    if (taken === undefined) throw new Error('nothing was delivered');
    return taken;
  };
  return { intake, letters, log, journal, engine, reported, clock, ticket, send };
}

/** A request as the source would send it at this time. */
export function signed(
  source: string,
  content: object | string,
  now: number,
  headers: Record<string, string> = {},
): Incoming {
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  const body = Buffer.from(text);
  const all = { 'content-type': 'application/json', ...signatureOf(source, text, now), ...headers };
  return { headers: all, query: '', body };
}

function signatureOf(source: string, body: string, now: number): Record<string, string> {
  const hmac = (algorithm: string, text: string, encoding: 'hex' | 'base64') =>
    createHmac(algorithm, secret).update(text).digest(encoding);
  switch (source) {
    case 'zendesk': {
      const timestamp = new Date(now).toISOString();
      return {
        'x-zendesk-webhook-signature': hmac('sha256', timestamp + body, 'base64'),
        'x-zendesk-webhook-signature-timestamp': timestamp,
      };
    }
    case 'github':
      return { 'x-hub-signature-256': `sha256=${hmac('sha256', body, 'hex')}`, 'x-github-event': 'issues' };
    case 'jira':
      return { 'x-hub-signature': `sha256=${hmac('sha256', body, 'hex')}` };
    case 'zammad':
    case 'intercom':
      return { 'x-hub-signature': `sha1=${hmac('sha1', body, 'hex')}` };
    case 'standard-webhooks':
      return standardHeaders('msg_1', Math.floor(now / 1_000), body);
    case 'cloudevents':
      return { authorization: `Bearer ${secret}` };
    default:
      return { 'x-docket-token': secret };
  }
}

export function standardHeaders(id: string, seconds: number, body: string): Record<string, string> {
  const key = Buffer.from(standardSecret.slice('whsec_'.length), 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${seconds}.${body}`).digest('base64');
  return {
    'webhook-id': id,
    'webhook-timestamp': String(seconds),
    'webhook-signature': `v1,${signature}`,
  };
}

/** A hand-made payload after the shape that the source documents. */
export async function payload(name: string): Promise<string> {
  return readFile(join(import.meta.dirname, 'payloads', `${name}.json`), 'utf8');
}
