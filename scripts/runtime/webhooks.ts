/** Webhooks of a data folder: their sources, their letters, and the listener that takes them. */
import { join } from 'node:path';
import { celExpressions } from '../../adapters/expressions/cel-expressions.ts';
import { problem, problemMediaType, problemOfFault } from '../../adapters/http/problem.ts';
import { openFileJournal } from '../../adapters/journal/file-journal.ts';
import { lockFolder } from '../../adapters/log/segment/lock.ts';
import { deliveryEventSchema } from '../../adapters/webhooks/delivery-events.ts';
import { Intake } from '../../adapters/webhooks/intake.ts';
import { Letters } from '../../adapters/webhooks/letters.ts';
import { webhookLimits } from '../../adapters/webhooks/limits.ts';
import { buildListener, type ListenerOptions, type ProblemAnswer } from '../../adapters/webhooks/listener.ts';
import { LetterOffice } from '../../adapters/webhooks/office.ts';
import { loadSources, type Sources } from '../../adapters/webhooks/sources.ts';
import type { Access } from '../../domain/access/guard.ts';
import { Fault } from '../../domain/errors.ts';
import type { CommandSink, EventReader, TicketReader } from '../../domain/ports.ts';
import { note } from '../cli/output.ts';
import { webhookFolder } from './data-folder.ts';
import { systemClock } from './system.ts';

export const webhookPortDefault = 8080;

export interface OpenWebhooks {
  readonly office: LetterOffice;
  readonly intake: Intake;
  readonly sources: Sources;
  close(): Promise<void>;
}

export interface WebhookParts {
  readonly sink: CommandSink;
  readonly tickets: TicketReader;
  readonly reader: Pick<EventReader, 'readTicket'>;
  readonly access: Access;
}

/** Throws `Fault('input_unreadable')` for a definition or secrets that can not be used. */
export async function openWebhooks(dataDir: string, parts: WebhookParts): Promise<OpenWebhooks> {
  const folder = webhookFolder(dataDir);
  const sources = await loadWebhookSources(dataDir);
  const journal = await openFileJournal({
    folder: join(folder, 'journal'),
    name: 'deliveries',
    schema: deliveryEventSchema,
    clock: systemClock,
    lock: lockFolder,
    onTorn: () =>
      note('docket: the last line of the webhook journal was cut short by a crash, and set aside'),
  });
  const letters = await Letters.open(journal, webhookLimits);
  const intake = new Intake({ ...parts, sources, letters, clock: systemClock, report: tell });
  const office = new LetterOffice({ intake, letters, sources, clock: systemClock });
  return { office, intake, sources, close: () => journal.close() };
}

export function loadWebhookSources(dataDir: string): Promise<Sources> {
  return loadSources(webhookFolder(dataDir), celExpressions());
}

export interface WebhookListenOptions {
  readonly webhooks: boolean;
  readonly webhookHost: string;
  readonly webhookPort: number;
  /** Whether somebody asked for this port, who must then be told that it can not be had. */
  readonly portAsked: boolean;
  readonly tls: ListenerOptions['tls'];
}

/**
 * Listens, unless that is switched off or no source has a secret. The default port is often taken: then it is
 * said, and everything else runs. Resolves with where they come in, for people. Throws
 * `Fault('server_unreachable')` where the port was asked for.
 */
export async function listenForWebhooks(
  { webhooks, webhookHost: host, webhookPort: port, portAsked, tls }: WebhookListenOptions,
  { intake, sources }: OpenWebhooks,
  stack: AsyncDisposableStack,
): Promise<string | undefined> {
  if (!webhooks) return undefined;
  const enabled = [...sources.values()].filter(({ credentials }) => credentials !== undefined);
  if (enabled.length === 0 && !portAsked) return undefined;
  const listener = buildListener({ intake, problemOf, tls, report: tell });
  try {
    const url = await listener.listen({ host, port });
    stack.defer(() => listener.close());
    return `${url}/webhooks/{source} (${enabled.map(({ name }) => name).join(', ') || 'none is on'})`;
  } catch (error) {
    await listener.close();
    const reason = error instanceof Error && 'code' in error ? ` (${error.code})` : '';
    const message = `can not listen for webhooks on ${host}:${port}${reason}; choose another --webhook-port`;
    if (portAsked) throw new Fault('server_unreachable', message, { cause: error });
    note(`docket: ${message}; everything else runs`);
    return undefined;
  }
}

function problemOf(...[code, detail]: Parameters<ListenerOptions['problemOf']>): ProblemAnswer {
  const found = code instanceof Fault ? problemOfFault(code) : problem(code, detail);
  return { status: found.status, mediaType: problemMediaType, text: JSON.stringify(found) };
}

function tell(error: unknown): void {
  note(`docket: webhooks: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
}
