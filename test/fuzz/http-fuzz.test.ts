/**
 * Tens of thousands of nearly right requests to every operation: whatever comes, the server answers with
 * something
 * that it declares, never with 500 and more, and the log holds exactly the events that were answered as
 * accepted.
 */
import { Agent, request as send } from 'node:http';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import type { OpenApiDocument } from '../../adapters/http/openapi/document.ts';
import { Random } from '../../adapters/simulation/random.ts';
import { type CheckAnswer, contractOf } from '../adapters/http/contract.ts';
import { type Harness, startServer } from '../adapters/http/harness.ts';
import { ofType, weighted } from '../support/arbitrary-commands.ts';
import { type FuzzedRequest, type FuzzSource, fuzzedRequest } from './requests.ts';

const requestsAll = Number(process.env.DOCKET_FUZZ_REQUESTS ?? 100_000);
const connections = 16;
const answerMsMax = 20_000;
const seed = Number(process.env.DOCKET_TEST_SEED ?? Date.now() % 1_000_000);

/** Streams of events do not end by themselves, and have tests of their own. */
const endless = 'text/event-stream';

let server: Harness;
let check: CheckAnswer;
let source: FuzzSource;
const agent = new Agent({ keepAlive: true, maxSockets: connections });
beforeAll(async () => {
  server = await startServer();
  const document = (await server.get('/openapi.json')).body as OpenApiDocument;
  check = contractOf(document);
  source = sourceOf(document, new Random(seed + 1));
});
afterAll(async () => {
  agent.destroy();
  await server[Symbol.asyncDispose]();
});

function sourceOf(document: OpenApiDocument, random: Random): FuzzSource {
  const commands = fc.sample(ofType(weighted, ['T-1', 'T-2', 'T-3']), { numRuns: 2_000, seed });
  const command = () => random.pick(commands);
  const asked = Object.fromEntries(
    Object.entries(document.paths).map(([path, methods]) => [
      path,
      Object.fromEntries(
        Object.entries(methods).filter(
          ([, { responses }]) => !Object.values(responses).some(({ content = {} }) => endless in content),
        ),
      ),
    ]),
  );
  const paths = Object.fromEntries(
    Object.entries(asked).filter(([, methods]) => Object.keys(methods).length > 0),
  );
  const makeBody = (operationId: string, mediaType: string, example: unknown): unknown => {
    if (mediaType === 'application/x-ndjson') return Array.from({ length: 1 + random.below(6) }, command);
    if (operationId === 'commandTicket') return { ...command(), ticketId: undefined };
    if (operationId === 'openTicket') return { data: { fields: { subject: 'fuzz' } } };
    return operationId === 'commandMany'
      ? { commands: Array.from({ length: random.below(6) }, command) }
      : example;
  };
  return { document: { ...document, paths }, makeBody, ticketIds: ['T-1', 'T-2', 'T-3', 'T-404'] };
}

const acceptedSchema = z.looseObject({
  status: z.literal('accepted'),
  events: z.int(),
  repeated: z.boolean(),
});

/** Events that an answer claims to have written. */
function eventsIn(value: unknown): number {
  const found = acceptedSchema.safeParse(value);
  if (found.success) return found.data.repeated ? 0 : found.data.events;
  if (Array.isArray(value)) return value.reduce((sum: number, each) => sum + eventsIn(each), 0);
  if (typeof value === 'object' && value !== null && 'outcomes' in value) return eventsIn(value.outcomes);
  return 0;
}

interface Told {
  readonly status: number;
  readonly type: string | null;
  readonly text: string;
  readonly replayed: boolean;
}

function ask({ method, path, headers, body }: FuzzedRequest): Promise<Told> {
  const { hostname, port } = new URL(server.url);
  return new Promise((resolve, reject) => {
    const asked = send({ agent, hostname, port, method, path, headers, timeout: answerMsMax }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (piece: string) => {
        text += piece;
      });
      answer.on('error', reject).on('end', () =>
        resolve({
          status: answer.statusCode ?? 0,
          type: answer.headers['content-type'] ?? null,
          text,
          replayed: answer.headers['idempotent-replayed'] !== undefined,
        }),
      );
    });
    asked.on('timeout', () => asked.destroy(new Error('no answer in time')));
    asked.on('error', reject).end(body);
  });
}

/** What was answered, line by line where it is a stream. */
function parsed({ type, text }: Told): unknown {
  if (text === '') return undefined;
  const kind = type?.split(';')[0] ?? '';
  if (kind === 'application/x-ndjson')
    return text
      .trimEnd()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
  return kind.endsWith('json') ? JSON.parse(text) : text;
}

it(`answers ${requestsAll.toLocaleString('en')} spoilt requests as declared`, {
  timeout: 400_000,
}, async () => {
  const random = new Random(seed);
  const seen: Record<string, number> = {};
  let left = requestsAll;
  let claimed = 0;
  const worker = async () => {
    while (left > 0) {
      left -= 1;
      const fuzzed = fuzzedRequest(random, source);
      const where = `seed ${seed}: ${fuzzed.method} ${fuzzed.path} ${JSON.stringify(fuzzed.headers)} ${fuzzed.body?.toString().slice(0, 500) ?? ''}`;
      const told = await ask(fuzzed).catch((cause: unknown) => {
        throw new Error(`${where}: no answer`, { cause });
      });
      expect(told.status, `${where}\n${told.text}`).toBeLessThan(500);
      const body = parsed(told);
      try {
        check({ ...fuzzed, status: told.status, type: told.type, body });
      } catch (cause) {
        throw new Error(where, { cause });
      }
      if (!told.replayed) claimed += eventsIn(body);
      seen[told.status] = (seen[told.status] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: connections }, worker));
  expect(server.reported, `seed ${seed}`).toEqual([]);
  expect(await server.log.head(), `seed ${seed}: events in the log, and events claimed`).toBe(claimed);
  expect((await server.get('/healthz')).status).toBe(200);
  // Requests that are all refused at the door would prove nothing.
  for (const status of ['200', '201', '400', '404', '409', '422'])
    expect(seen[status], status).toBeGreaterThan(50);
});
