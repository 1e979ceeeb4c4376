/**
 * What the HTTP server reads of tickets in the database, on connections of its own: lists can be slow, and
 * must keep neither timers nor readiness waiting.
 */
import type { HttpContext } from '../../adapters/http/context.ts';
import { openDatabase, type PoolStanding } from '../../adapters/postgres/database.ts';
import type { DatabaseObserver } from '../../adapters/postgres/statements.ts';
import { Fault } from '../../domain/errors.ts';
import type { Workflows } from '../../domain/workflow/registry.ts';
import { awaitPosition } from '../../projections/await-position.ts';
import { throughput } from '../../projections/queries.ts';
import { ticketFigures } from '../../projections/ticket-figures.ts';
import { answeringVisibly, ticketPage } from '../../projections/ticket-list.ts';
import { isMissingTable } from '../cli/output.ts';

export const ticketReadLimits = {
  /** Statements that run at once; further ones wait for a connection. */
  connectionsMax: 8,
  /** For one statement. A list that takes longer is answered with `answer_timeout`. */
  statementMsMax: 10_000,
};

export interface TicketReads
  extends Pick<HttpContext, 'ticketList' | 'ticketFigures' | 'throughput' | 'awaitReadModels'>,
    AsyncDisposable {
  /** Its connections at present. */
  pool(): PoolStanding;
}

export function openTicketReads(
  databaseUrl: string,
  workflows: Workflows,
  observer?: DatabaseObserver,
): TicketReads {
  const applicationName = 'docket reads';
  const database = openDatabase(databaseUrl, { applicationName, observer, ...ticketReadLimits });
  return {
    pool: () => database.pool(),
    ticketList: {
      page: (question, wanted) => once(ticketPage(database, workflows, question, wanted)),
      answeringVisibly: (words, tickets) => once(answeringVisibly(database, words, tickets)),
    },
    throughput: (window, question) => once(throughput(database, window, question)),
    ticketFigures: (ticketId) => once(ticketFigures(database, ticketId)),
    awaitReadModels: (wait) => awaitPosition(database, { partition: 0, ...wait }),
    [Symbol.asyncDispose]: () => database.close(),
  };
}

/**
 * Until the projector has made them the first time, there are no read models: a moment after the first start.
 */
async function once<Answer>(asked: Promise<Answer>): Promise<Answer> {
  try {
    return await asked;
  } catch (error) {
    if (!isMissingTable(error)) throw error;
    throw new Fault('database_unavailable', 'the read models are still being made', { cause: error });
  }
}
