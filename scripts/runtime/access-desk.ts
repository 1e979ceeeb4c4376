/**
 * Where the command line looks after keys and rules: at the server that runs on the data folder, else in the
 * journal itself.
 */
import { userInfo } from 'node:os';
import { type AccessDesk, AccessRefused, httpAccessDesk } from '../../adapters/http/access-client.ts';
import { auditJson, keyJson, newKeyJson, policyJson } from '../../adapters/http/access-json.ts';
import { type AccessRejection, isRejected } from '../../domain/access/administration.ts';
import type { AccessAdministration } from '../../domain/access/administration-port.ts';
import { keyGrantSchema } from '../../domain/access/events.ts';
import { trustedPrincipal } from '../../domain/access/unrestricted.ts';
import type { TicketReader } from '../../domain/ports.ts';
import { replay } from '../../domain/ticket/evolve.ts';
import { databaseUrl, type LogOptions } from '../cli/options.ts';
import { exitCodes, note } from '../cli/output.ts';
import { openAccess } from './access.ts';
import { trustIn } from './credential.ts';
import { makeDataFolder } from './data-folder.ts';
import { openExistingLog } from './existing-log.ts';
import { openReadModels } from './read-models.ts';
import { findServer } from './server-file.ts';
import { loadWorkflows } from './workflows.ts';

export interface OpenDesk {
  readonly desk: AccessDesk;
  close(): Promise<void>;
}

/** Throws `Fault`, as `credential_refused` or `log_locked`. */
export async function openAccessDesk(options: LogOptions): Promise<OpenDesk> {
  const { dataDir, log } = options;
  const server = await findServer(dataDir);
  if (server !== undefined) {
    return { desk: httpAccessDesk(server.url, await trustIn(server, dataDir)), close: async () => undefined };
  }
  await makeDataFolder(dataDir);
  const applicationName = 'docket access';
  const models =
    log === 'postgres'
      ? await openReadModels({ dataDir, databaseUrl: databaseUrl(), applicationName })
      : undefined;
  try {
    const access = await openAccess({
      dataDir,
      database: models?.database,
      tickets: ticketsIn(options),
      workflows: await loadWorkflows(dataDir),
    });
    const own = access.office.as(trustedPrincipal(`local:${userInfo().username}`));
    return { desk: localDesk(own), close: () => access.close().finally(() => models?.close()) };
  } catch (error) {
    await models?.close();
    throw error;
  }
}

/** The log is opened for each question: few commands ask for a ticket at all. */
function ticketsIn(options: LogOptions): TicketReader {
  return {
    current: async (ticketId) => {
      const reader = await openExistingLog(options);
      return replay(ticketId, await reader.readTicket(ticketId).finally(() => reader.close()));
    },
  };
}

/** All entries of the journal: it holds fewer. */
const everything = Number.MAX_SAFE_INTEGER;

function localDesk(own: AccessAdministration): AccessDesk {
  return {
    keys: async () => (await own.keys()).map(keyJson),
    createKey: async (wanted) => {
      const grant = keyGrantSchema.safeParse(wanted);
      if (!grant.success) {
        const [issue] = grant.error.issues;
        throw new AccessRefused('invalid_command', `${issue?.path.join('.')}: ${issue?.message}`);
      }
      return newKeyJson(orRefused(await own.createKey(grant.data)));
    },
    rotateKey: async (keyId, overlapMs) => newKeyJson(orRefused(await own.rotateKey(keyId, overlapMs))),
    revokeKey: async (keyId, reason) => keyJson(orRefused(await own.revokeKey(keyId, reason))),
    policy: async () => {
      const found = await own.policy();
      if (found === undefined) throw new Error('bug: there is no present policy');
      return policyJson(found);
    },
    checkPolicy: (policy) => own.checkPolicy(policy),
    changePolicy: async (policy, options) => policyJson(orRefused(await own.changePolicy(policy, options))),
    explain: async (question) => orRefused(await own.explain(question)).explanation,
    audit: async () => (await own.audit(0, everything)).map(auditJson),
  };
}

function orRefused<Done extends object>(done: Done | AccessRejection): Done {
  if (!isRejected(done)) return done;
  throw new AccessRefused(done.code, done.message);
}

/** Does something at the desk and closes it. A refusal is told, and is a problem that was found. */
export async function atDesk(options: LogOptions, work: (desk: AccessDesk) => Promise<void>): Promise<void> {
  const { desk, close } = await openAccessDesk(options);
  try {
    await work(desk);
  } catch (error) {
    if (!(error instanceof AccessRefused)) throw error;
    note(`docket: ${error.message} [${error.code}]`);
    process.exitCode = exitCodes.problemsFound;
  } finally {
    await close();
  }
}
