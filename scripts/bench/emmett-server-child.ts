/**
 * Run as a process of its own by http.ts, http-bulk.ts and cold-start.ts: Emmett's command handler behind a
 * bare fastify, on the PostgreSQL whose address it is given. No keys, no rules, no schemas: what a team would
 * begin with.
 */
import { createInterface } from 'node:readline';
import { PassThrough, type Readable } from 'node:stream';
import type { PostgresEventStore } from '@event-driven-io/emmett-postgresql';
import fastify from 'fastify';
import { z } from 'zod';
import { askedToStop, tell } from './child-process.ts';
import { emmettClients, handleComment, handleNext, openEmmettStores } from './emmett-store.ts';

const [databaseUrl = ''] = process.argv.slice(2);
const bodySchema = z.object({ data: z.object({ body: z.string() }) });
const pathSchema = z.object({ ticketId: z.string() });

const stores = openEmmettStores(databaseUrl);
await stores[0]?.schema.migrate();
let taken = 0;
const app = fastify({ logger: false });
app.post('/v1/tickets/:ticketId/commands', async (request) => {
  const { ticketId } = pathSchema.parse(request.params);
  await handleComment(nextStore(), `http-${ticketId}`, bodySchema.parse(request.body).data.body);
  return { status: 'accepted' };
});
app.addContentTypeParser('application/x-ndjson', (_request, payload, done) => done(null, payload));
app.post<{ Body: Readable }>('/v1/commands', async ({ body }) => {
  const answers = new PassThrough();
  handleLines(body, answers).then(
    () => answers.end(),
    (error: unknown) => answers.destroy(error instanceof Error ? error : new Error(String(error))),
  );
  return answers;
});
await tell(await app.listen({ host: '127.0.0.1', port: 0 }));
await askedToStop();
await app.close();
for (const store of stores) await store.close();
process.disconnect();

function nextStore(): PostgresEventStore {
  taken += 1;
  const store = stores[taken % stores.length];
  if (store === undefined) throw new Error('bug: no store');
  return store;
}

/**
 * As many lines at a time as it has connections. Lines so near to each other must be of different tickets, as
 * those of the benchmark are: of two appends to one stream at the same time Emmett refuses one.
 */
async function handleLines(body: Readable, answers: PassThrough): Promise<void> {
  const lines = createInterface({ input: body, crlfDelay: Number.POSITIVE_INFINITY })[Symbol.asyncIterator]();
  const handleTheirs = async () => {
    for (let line = await lines.next(); line.done !== true; line = await lines.next()) {
      const { ticketId } = pathSchema.parse(JSON.parse(line.value));
      await handleNext(nextStore(), `bulk-${ticketId}`);
      answers.write(`${JSON.stringify({ status: 'accepted', ticketId })}\n`);
    }
  };
  await Promise.all(Array.from({ length: emmettClients }, handleTheirs));
}
