/**
 * Run as a process of its own by http.ts and http-bulk.ts: the server that is measured, with the log, engine
 * and HTTP of `docket serve` and no projector; or, as `no-op`, fastify that parses the same and answers.
 */
import { Readable } from 'node:stream';
import fastify from 'fastify';
import { z } from 'zod';
import { buildServer } from '../../adapters/http/server.ts';
import { builtInWorkflows } from '../../domain/workflow/registry.ts';
import { openAccess } from '../runtime/access.ts';
import { openSegmentEngine } from '../runtime/sink.ts';
import { askedToStop, tell } from './child-process.ts';
import { httpParts } from './http-parts.ts';

const [kind = '', dataDir = ''] = process.argv.slice(2);
const at = { host: '127.0.0.1', port: 0 };
const lineSchema = z.object({ ticketId: z.string() });

if (kind === 'no-op') {
  const app = fastify({ logger: false });
  app.post('/v1/tickets/:ticketId/commands', async () => ({ status: 'accepted' }));
  app.get('/v1/tickets/:ticketId', async () => ({ status: 'accepted' }));
  app.addContentTypeParser('application/x-ndjson', (_request, payload, done) => done(null, payload));
  app.post<{ Body: Readable }>('/v1/commands', async ({ body }) => Readable.from(echoed(body)));
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

/** Parses each line and answers one about as long as an outcome: the least that such a server does. */
async function* echoed(body: Readable): AsyncGenerator<string> {
  let rest = '';
  let answered = 0;
  for await (const chunk of body.setEncoding('utf8')) {
    const lines = (rest + String(chunk)).split('\n');
    rest = lines.pop() ?? '';
    let text = '';
    for (const line of lines) {
      const { ticketId } = lineSchema.parse(JSON.parse(line));
      answered += 1;
      text += `${JSON.stringify({ status: 'accepted', ticketId, revision: answered, position: answered })}\n`;
    }
    yield text;
  }
}
