/**
 * Where `docket webhook` looks after webhooks: at the server that runs on the data folder, else on the folder
 * itself, with an engine of its own.
 */
import { httpWebhookDesk, type WebhookDesk } from '../../adapters/http/webhook-client.ts';
import { letterJson } from '../../adapters/http/webhook-json.ts';
import type { LetterOffice } from '../../adapters/webhooks/office.ts';
import { unrestrictedAccess } from '../../domain/access/unrestricted.ts';
import { Fault } from '../../domain/errors.ts';
import { replay } from '../../domain/ticket/evolve.ts';
import type { LogOptions } from '../cli/options.ts';
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
  if (server !== undefined) return work(httpWebhookDesk(server.url, undefined));
  if (log !== 'segment') {
    const message = 'no server runs on this data folder; with a log in PostgreSQL, start one for this';
    throw new Fault('server_unreachable', message);
  }
  const engine = await openSegmentEngine(dataDir, await loadWorkflows(dataDir));
  try {
    const webhooks = await openWebhooks(dataDir, {
      sink: engine.engine,
      tickets: { current: async (id) => replay(id, await engine.log.readTicket(id)) },
      reader: engine.log,
      access: unrestrictedAccess,
    });
    return await work(localDesk(webhooks.office)).finally(() => webhooks.close());
  } finally {
    await engine.close();
  }
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
