/**
 * Tens of thousands of nearly right requests to every operation: whatever comes, the server answers with
 * something that it declares, never with 500 and more, and the log holds exactly the events that were
 * answered as accepted.
 */
import { Agent, request as send } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { brotliDecompressSync, gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import type { OpenApiDocument } from '../../adapters/http/openapi/document.ts';
import { Random } from '../../adapters/simulation/random.ts';
import { type CheckAnswer, contractOf } from '../adapters/http/contract.ts';
import { type Harness, startServer } from '../adapters/http/harness.ts';
import { ofType, weighted } from '../support/arbitrary-commands.ts';
import { realOffices } from './offices.ts';
import { type FuzzedRequest, type FuzzSource, fuzzedRequest } from './requests.ts';

const requestsAll = Number(process.env.DOCKET_FUZZ_REQUESTS ?? 70_000);
const connections = 16;
const answerMsMax = 20_000;
const seed = Number(process.env.DOCKET_TEST_SEED ?? Date.now() % 1_000_000);

/** A stream of events does not end by itself: that it begins is all that is asked of it here. */
const endless = 'text/event-stream';

let server: Harness;
let check: CheckAnswer;
let source: FuzzSource;
let offices: Awaited<ReturnType<typeof realOffices>>;
const agent = new Agent({ keepAlive: true, maxSockets: connections });
beforeAll(async () => {
  offices = await realOffices();
  server = await startServer({ context: offices.context, limits: { positionWaitMsMax: 20 } });
  const document = (await server.get('/openapi.json')).body as OpenApiDocument;
  check = contractOf(document);
  source = sourceOf(document, new Random(seed + 1));
});
afterAll(async () => {
  agent.destroy();
  await server[Symbol.asyncDispose]();
  await offices.close();
});

function sourceOf(document: OpenApiDocument, random: Random): FuzzSource {
  const commands = fc.sample(ofType(weighted, ['T-1', 'T-2', 'T-3']), { numRuns: 2_000, seed });
  const command = () => random.pick(commands);
  const makeBody = (operationId: string, mediaType: string, example: unknown): unknown => {
    if (mediaType === 'application/x-ndjson') return Array.from({ length: 1 + random.below(6) }, command);
    if (operationId === 'commandTicket') return { ...command(), ticketId: undefined };
    if (operationId === 'openTicket') return { data: { fields: { subject: 'fuzz' } } };
    return operationId === 'commandMany'
      ? { commands: Array.from({ length: random.below(6) }, command) }
      : example;
  };
  return {
    document,
    makeBody,
    ids: {
      ticketId: ['T-1', 'T-2', 'T-3', 'T-404'],
      letterId: offices.letterIds,
      keyId: ['0123456789abcdef'],
      name: ['support'],
    },
  };
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

/** Who asks for a position beyond the end of the log is told to come back, as declared. */
function isLate(body: unknown): boolean {
  return typeof body === 'object' && body !== null && 'code' in body && body.code === 'position_not_reached';
}

interface Told {
  readonly status: number;
  readonly type: string | null;
  readonly text: string;
  readonly replayed: boolean;
}

function unpacked(bytes: Buffer, encoding: string | undefined): string {
  if (encoding === undefined || bytes.length === 0) return bytes.toString();
  const unpack = {
    gzip: gunzipSync,
    br: brotliDecompressSync,
    zstd: zstdDecompressSync,
    deflate: inflateSync,
  }[encoding];
  if (unpack === undefined) throw new Error(`nothing here unpacks ${encoding}`);
  return unpack(bytes).toString();
}

function ask({ method, path, headers, body }: FuzzedRequest): Promise<Told> {
  const { hostname, port } = new URL(server.url);
  return new Promise((resolve, reject) => {
    const asked = send({ agent, hostname, port, method, path, headers, timeout: answerMsMax }, (answer) => {
      if (answer.headers['content-type']?.startsWith(endless) === true) {
        resolve({ status: answer.statusCode ?? 0, type: endless, text: '', replayed: false });
        answer.on('error', () => undefined).destroy();
        return;
      }
      buffer(answer).then((bytes) => {
        const text = unpacked(bytes, answer.headers['content-encoding']);
        const replayed = answer.headers['idempotent-replayed'] !== undefined;
        resolve({
          status: answer.statusCode ?? 0,
          type: answer.headers['content-type'] ?? null,
          text,
          replayed,
        });
      }, reject);
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
      const body = parsed(told);
      if (!isLate(body)) expect(told.status, `${where}\n${told.text}`).toBeLessThan(500);
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
