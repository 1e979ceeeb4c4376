/**
 * Run as a process of its own by http.ts: the server that is measured, with the log, engine and HTTP of
 * `docket
 * serve` and no projector; or, as `no-op`, fastify that parses the same body and answers at once.
 */
import fastify from 'fastify';
import { buildServer } from '../../adapters/http/server.ts';
import { builtInWorkflows } from '../../domain/workflow/registry.ts';
import { openAccess } from '../runtime/access.ts';
import { openSegmentEngine } from '../runtime/sink.ts';
import { askedToStop, tell } from './child-process.ts';
import { httpParts } from './http-parts.ts';

const [kind = '', dataDir = ''] = process.argv.slice(2);
const at = { host: '127.0.0.1', port: 0 };

if (kind === 'no-op') {
  const app = fastify({ logger: false });
  app.post('/v1/tickets/:ticketId/commands', async () => ({ status: 'accepted' }));
  app.get('/v1/tickets/:ticketId', async () => ({ status: 'accepted' }));
  await tell(await app.listen(at));
  await askedToStop();
  await app.close();
} else {
  const { engine, log, close } = await openSegmentEngine(dataDir, builtInWorkflows);
  const rules = { database: undefined, tickets: engine.present, workflows: builtInWorkflows };
  const access = await openAccess({ dataDir, ...rules });
  const server = buildServer({
    ...httpParts(engine, log),
    authenticator: access.authenticator,
    access: access.access,
    accessOffice: access.office,
  });
  await tell(await server.listen(at));
  await askedToStop();
  await server.close();
  await tell(await log.head());
  await access.close();
  await close();
}
process.disconnect();
