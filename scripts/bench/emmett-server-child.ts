/**
 * Run as a process of its own by http.ts and cold-start.ts: Emmett's command handler behind a bare fastify,
 * on the PostgreSQL whose address it is given. No keys, no rules, no schemas: what a team would begin with.
 */
import fastify from 'fastify';
import { z } from 'zod';
import { askedToStop, tell } from './child-process.ts';
import { handleComment, openEmmettStore } from './emmett-store.ts';

const [databaseUrl = ''] = process.argv.slice(2);
const bodySchema = z.object({ data: z.object({ body: z.string() }) });
const pathSchema = z.object({ ticketId: z.string() });

const store = openEmmettStore(databaseUrl, process.pid);
await store.schema.migrate();
const app = fastify({ logger: false });
app.post('/v1/tickets/:ticketId/commands', async (request) => {
  const { ticketId } = pathSchema.parse(request.params);
  await handleComment(store, `http-${ticketId}`, bodySchema.parse(request.body).data.body);
  return { status: 'accepted' };
});
await tell(await app.listen({ host: '127.0.0.1', port: 0 }));
await askedToStop();
await app.close();
await store.close();
process.disconnect();
