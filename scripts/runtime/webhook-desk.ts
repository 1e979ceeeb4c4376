/**
 * Where `docket webhook` looks after webhooks: at the server that runs on the data folder, else on the folder
 * itself, with an engine of its own.
 */
import { httpWebhookDesk, type WebhookDesk } from '../../adapters/http/webhook-client.ts';
import { letterJson } from '../../adapters/http/webhook-json.ts';
import type { LetterOffice } from '../../adapters/webhooks/office.ts';
import { Fault } from '../../domain/errors.ts';
import type { LogOptions } from '../cli/options.ts';
import { openAccess } from './access.ts';
import { trustIn } from './credential.ts';
import { findServer } from './server-file.ts';
import { openSegmentEngine } from './sink.ts';
import { openWebhooks } from './webhooks.ts';
import { loadWorkflows } from './workflows.ts';

/** Who replays and drops without a server: whoever may write to the data folder. */
const localUser = 'local';

export async function withWebhookDesk<R>(
  { dataDir, log }: LogOptions,
  work: (desk: WebhookDesk) => Promise<R>,
): Promise<R> {
  const server = await findServer(dataDir);
  if (server !== undefined) return work(httpWebhookDesk(server.url, await trustIn(server, dataDir)));
  if (log !== 'segment') {
    const message = 'no server runs on this data folder; with a log in PostgreSQL, start one for this';
    throw new Fault('server_unreachable', message);
  }
  const workflows = await loadWorkflows(dataDir);
  await using stack = new AsyncDisposableStack();
  const { engine, log: reader, close } = await openSegmentEngine(dataDir, workflows);
  stack.defer(close);
  const tickets = engine.present;
  const access = await openAccess({ dataDir, database: undefined, tickets, workflows });
  stack.defer(() => access.close());
  const webhooks = await openWebhooks(dataDir, { sink: engine, tickets, reader, access: access.access });
  stack.defer(() => webhooks.close());
  // Awaited here: everything is closed when this function ends.
  return await work(localDesk(webhooks.office));
}

function localDesk(office: LetterOffice): WebhookDesk {
  return {
    sources: async () => [...office.sources()],
    letters: async (question) => {
      const { total, letters } = office.letters(question);
      return { total, deadLetters: letters.map((letter) => letterJson(letter, false)) };
    },
    letter: async (id) => {
      const letter = office.letter(id);
      return letter === undefined ? undefined : letterJson(letter, true);
    },
    replay: async (id) => {
      const replayed = await office.replay(id, localUser);
      switch (replayed.status) {
        case 'unknown':
          return undefined;
        case 'done':
          return { id, status: 'done' };
        case 'refused':
          return { id, ...replayed, problem: { ...replayed.problem, legal: [...replayed.problem.legal] } };
        default:
          return replayed;
      }
    },
    drop: (id, reason) => office.drop(id, localUser, reason),
  };
}
