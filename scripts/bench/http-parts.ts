/**
 * What an HTTP server is given where nothing but tickets and their log matters: for benchmarks, and for tests
 * that put in what they are about. No read models, no webhooks, no keys, and everybody is trusted: never for
 * production.
 */
import type { HttpServerOptions } from '../../adapters/http/server.ts';
import { trustedPrincipal, unrestrictedAccess } from '../../domain/access/unrestricted.ts';
import type { Engine } from '../../domain/engine.ts';
import type { EventReader } from '../../domain/ports.ts';
import { builtInWorkflows, defaultWorkflow } from '../../domain/workflow/registry.ts';

const noOffice: HttpServerOptions['accessOffice'] = {
  as: () => {
    throw new Error('there are no keys and no rules here');
  },
};

export const noWebhooks: HttpServerOptions['webhooks'] = {
  sources: () => [],
  letters: () => ({ total: 0, letters: [] }),
  letter: () => undefined,
  replay: async () => ({ status: 'unknown' }),
  drop: async () => false,
};

const secretBytes = 32;

export function httpParts(engine: Engine, reader: EventReader): HttpServerOptions {
  const everybody = trustedPrincipal('everybody');
  return {
    version: 'none',
    authenticator: { authenticate: () => everybody },
    access: unrestrictedAccess,
    accessOffice: noOffice,
    sink: engine,
    tickets: engine.present,
    reader,
    workflows: builtInWorkflows,
    defaultWorkflow,
    throughput: async () => ({ asOf: { position: 0, recordedAt: undefined }, rows: [] }),
    webhooks: noWebhooks,
    ticketList: {
      page: async () => ({ position: 0, tickets: [] }),
      answeringVisibly: async () => new Set(),
    },
    ticketFigures: async () => ({ position: 0, measuredAt: 0, figures: undefined, clocks: [] }),
    cursorSecret: new Uint8Array(secretBytes),
    awaitReadModels: async ({ position }) => ({ reached: true, position }),
    readiness: {},
    report: (error) => {
      throw error;
    },
  };
}
