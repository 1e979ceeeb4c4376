/**
 * The whole server is killed at random moments while callers work, and started again. Callers do what they
 * are told to do: whoever got no answer asks again, with the same Idempotency-Key. In the end whatever was
 * answered with 2xx must be in the log, once, where the answer said, and nothing may be there twice or that
 * nobody asked for.
 */
import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { openSegmentReader } from '../../adapters/log/segment/segment-reader.ts';
import { Random } from '../../adapters/simulation/random.ts';
import { logFolder } from '../../scripts/runtime/data-folder.ts';
import { type RunningServer, serve } from '../support/docket.ts';
import { type TestDatabase, testDatabase, testFolder } from '../support/postgres.ts';

const kills = 20;
const callers = 12;
const bulkLines = 40;
const askMsMax = 10_000;
const seed = Number(process.env.DOCKET_TEST_SEED ?? Date.now() % 1_000_000);

const dataDir = testFolder();
let database: TestDatabase;
let server: RunningServer;
beforeAll(async () => {
  database = await testDatabase();
  server = await start();
  // Only whoever ends in peace leaves its compiled code behind, which halves the work of the twenty to come.
  await server.stop();
  server = await start();
});
afterAll(async () => {
  await server.stop('SIGKILL');
  await database.drop();
  rmSync(dataDir, { recursive: true, force: true });
});

const start = () => serve(dataDir, { DATABASE_URL: database.url });

const acceptedSchema = z.object({ status: z.literal('accepted'), position: z.int(), repeated: z.boolean() });
type Accepted = z.infer<typeof acceptedSchema>;

/** What was asked for, by the words that it leaves in the log. */
const asked = new Set<string>();
/** What was answered, by the same. */
const told = new Map<string, Accepted>();
let done = false;
let unanswered = 0;

/** One request until it is answered, however often the server dies meanwhile. */
async function insist(
  path: string,
  key: string,
  body: string,
  type: string,
): Promise<Response & { text: never }> {
  for (;;) {
    try {
      const answer = await fetch(new URL(path, server.url), {
        method: 'POST',
        headers: { ...server.headers, 'content-type': type, 'idempotency-key': `"${key}"` },
        body,
        signal: AbortSignal.timeout(askMsMax),
      });
      const text = await answer.text();
      if (answer.status < 300 && text.endsWith('\n') === (type === 'application/x-ndjson')) {
        return Object.assign(answer, { text: text as never });
      }
      expect([409, 429, 503], text).toContain(answer.status);
    } catch (error) {
      if (!(error instanceof TypeError || (error instanceof Error && error.name === 'TimeoutError')))
        throw error;
    }
    unanswered += 1;
    await sleep(20);
  }
}

function comment(words: string): object {
  asked.add(words);
  return { type: 'AddComment', data: { body: words, public: true } };
}

async function callOnce(caller: number, round: number): Promise<void> {
  const words = `${caller}.${round}`;
  const path = `/v1/tickets/KILL-${caller}/commands`;
  const answer = await insist(path, words, JSON.stringify(comment(words)), 'application/json');
  told.set(words, acceptedSchema.parse(JSON.parse(answer.text)));
}

async function callInBulk(caller: number, round: number): Promise<void> {
  const all = Array.from({ length: bulkLines }, (_, line) => `${caller}.${round}.${line}`);
  const lines = all.map((words) => JSON.stringify({ ...comment(words), ticketId: `KILL-${caller}` }));
  const key = `bulk-${caller}-${round}`;
  const answer = await insist('/v1/commands', key, `${lines.join('\n')}\n`, 'application/x-ndjson');
  const outcomes = String(answer.text)
    .trimEnd()
    .split('\n')
    .map((line): unknown => JSON.parse(line));
  for (const [index, words] of all.entries()) {
    told.set(words, acceptedSchema.parse(outcomes[index]));
  }
}

async function work(caller: number): Promise<void> {
  const opening = JSON.stringify({ ticketId: `KILL-${caller}`, data: {} });
  await insist('/v1/tickets', `open-${caller}`, opening, 'application/json');
  for (let round = 0; !done; round += 1) {
    await (round % 5 === 4 ? callInBulk(caller, round) : callOnce(caller, round));
  }
}

it('holds every 2xx once after 20 kills, and nothing twice', { timeout: 240_000 }, async () => {
  const random = new Random(seed);
  const working = Array.from({ length: callers }, (_, caller) => work(caller));
  for (let kill = 0; kill < kills; kill += 1) {
    await sleep(100 + Math.floor(random.next() * 500));
    await server.stop('SIGKILL');
    server = await start();
  }
  await sleep(300);
  done = true;
  await Promise.all(working);
  await server.stop();

  const reader = await openSegmentReader({ folder: logFolder(dataDir) });
  const positions = new Map<string, number[]>();
  for await (const batch of reader.read(1)) {
    for (const event of batch) {
      if (event.type !== 'CommentAdded') continue;
      positions.set(event.data.body, [...(positions.get(event.data.body) ?? []), event.position]);
    }
  }
  await reader.close();
  expect(unanswered, `seed ${seed}: no request was cut off`).toBeGreaterThan(kills / 2);
  expect(told.size).toBeGreaterThan(kills);
  for (const [words, { position }] of told) {
    expect(positions.get(words), `${words} (seed ${seed})`).toEqual([position]);
  }
  for (const [words, found] of positions) {
    expect([asked.has(words), found.length], `${words} (seed ${seed})`).toEqual([true, 1]);
  }
});
