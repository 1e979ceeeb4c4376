/**
 * What the HTTP server reads of tickets in the database, on connections of its own: lists can be slow, and
 * must keep neither timers nor readiness waiting.
 */
import type { HttpContext } from '../../adapters/http/context.ts';
import { openDatabase } from '../../adapters/postgres/database.ts';
import type { Workflows } from '../../domain/workflow/registry.ts';
import { awaitPosition } from '../../projections/await-position.ts';
import { ticketFigures } from '../../projections/ticket-figures.ts';
import { answeringVisibly, ticketPage } from '../../projections/ticket-list.ts';

export const ticketReadLimits = {
  /** Statements that run at once; further ones wait for a connection. */
  connectionsMax: 8,
  /** For one statement. A list that takes longer is answered with `answer_timeout`. */
  statementMsMax: 10_000,
};

export interface TicketReads
  extends Pick<HttpContext, 'ticketList' | 'ticketFigures' | 'awaitReadModels'>,
    AsyncDisposable {}

export function openTicketReads(databaseUrl: string, workflows: Workflows): TicketReads {
  const database = openDatabase(databaseUrl, { applicationName: 'docket reads', ...ticketReadLimits });
  return {
    ticketList: {
      page: (question, wanted) => ticketPage(database, workflows, question, wanted),
      answeringVisibly: (words, tickets) => answeringVisibly(database, words, tickets),
    },
    ticketFigures: (ticketId) => ticketFigures(database, ticketId),
    awaitReadModels: (wait) => awaitPosition(database, { partition: 0, ...wait }),
    [Symbol.asyncDispose]: () => database.close(),
  };
}
