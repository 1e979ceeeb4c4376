/**
 * Single requests over HTTP, beside a fastify that does nothing with the same body on the same cores:
 * commands at 64
 * connections, each answered when it is durable, and tickets read. Server and client are processes of their
 * own;
 * the kinds take turns, so that the machine's moods fall on all of them.
 */
import { BenchChild } from './child-process.ts';
import type { LoadPlan, LoadResult } from './http-client-child.ts';
import { count, type Repeated, repeated, type Section, spread } from './report.ts';
import type { Bench } from './workspace.ts';

const connections = 64;
const tickets = 1_000;
const rounds = 3;
const seconds = 4;
const warmSeconds = 1;

const body = JSON.stringify({
  type: 'AddComment',
  data: {
    body: 'The second tray jams on every tenth page, whatever paper is in it; we cleaned the rollers.',
    public: true,
  },
});

type Kind = 'no-op POST' | 'command' | 'no-op GET' | 'ticket';
const kinds: readonly Kind[] = ['no-op POST', 'command', 'no-op GET', 'ticket'];

export async function httpSection(bench: Bench): Promise<Section> {
  const { workspace, signal } = bench;
  const noOp = new BenchChild('http-server-child.ts', ['no-op'], signal);
  const docket = new BenchChild('http-server-child.ts', ['docket', workspace.newFolder('http')], signal);
  const [noOpUrl, docketUrl] = [String(await noOp.message()), String(await docket.message())];
  await openTickets(docketUrl);
  const results = new Map<Kind, LoadResult[]>(kinds.map((kind) => [kind, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const kind of kinds) {
      const url = kind.startsWith('no-op') ? noOpUrl : docketUrl;
      results.get(kind)?.push(await load(url, kind.endsWith('POST') || kind === 'command', signal));
    }
  }
  noOp.stop();
  docket.stop();
  const head = Number(await docket.message());
  await Promise.all([noOp.ended(), docket.ended()]);
  return section(results, head);
}

/** Outside the clock. */
async function openTickets(url: string): Promise<void> {
  const commands = Array.from({ length: tickets }, (_, index) => ({
    type: 'OpenTicket',
    ticketId: `HTTP-${index}`,
    data: {
      fields: { subject: 'The printer on floor 3 jams', priority: '3 - Moderate', category: 'hardware' },
    },
  }));
  const answer = await fetch(new URL('/v1/commands', url), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ commands }),
  });
  if (!answer.ok) throw new Error(`tickets could not be opened: ${await answer.text()}`);
}

async function load(url: string, writes: boolean, signal: AbortSignal): Promise<LoadResult> {
  const { host, port } = new URL(url);
  const path = `/v1/tickets/HTTP-{index}${writes ? '/commands' : ''}`;
  const head = `${writes ? 'POST' : 'GET'} ${path} HTTP/1.1\r\nhost: ${host}\r\nauthorization: Bearer bench\r\n`;
  const request = writes
    ? `${head}content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
    : `${head}\r\n`;
  const plan: LoadPlan = { port: Number(port), connections, seconds, warmSeconds, request, indexes: tickets };
  const client = new BenchChild('http-client-child.ts', [JSON.stringify(plan)], signal);
  const result = (await client.message()) as LoadResult;
  await client.ended();
  const failed = Object.keys(result.answers).filter((status) => !status.startsWith('2'));
  if (failed.length > 0) throw new Error(`answers of ${failed.join(', ')}`);
  return result;
}

function section(results: ReadonlyMap<Kind, readonly LoadResult[]>, head: number): Section {
  const rates = (kind: Kind): Repeated => repeated((results.get(kind) ?? []).map(rateOf));
  const last = (kind: Kind) => results.get(kind)?.at(-1);
  const conditions = `${connections} connections, ${rounds} rounds of ${seconds} s after ${warmSeconds} s`;
  const figure = (what: string, kind: Kind) => ({
    what,
    value: rates(kind).median,
    unit: '/s',
    conditions: `${conditions}; rounds ${spread(rates(kind))}; p50 ${last(kind)?.p50Ms} ms, p99 ${last(kind)?.p99Ms} ms; client at ${last(kind)?.cpu.toFixed(2)} CPU`,
  });
  const share = (what: string, kind: Kind, beside: Kind) => ({
    what,
    value: (100 * rates(kind).median) / rates(beside).median,
    unit: '%',
    conditions: `of ${count(rates(beside).median)}/s`,
  });
  return {
    title: '12. HTTP: single requests, beside a fastify that does nothing',
    figures: [
      figure('12a no-op POST', 'no-op POST'),
      figure('    AddComment, durable', 'command'),
      share('    of the no-op', 'command', 'no-op POST'),
      figure('12b no-op GET', 'no-op GET'),
      figure('    GET of a ticket', 'ticket'),
      share('    of the no-op POST', 'ticket', 'no-op POST'),
      share('    of the no-op GET', 'ticket', 'no-op GET'),
    ],
    notes: [
      `the log held ${count(head)} events in the end`,
      `body of ${Buffer.byteLength(body)} bytes, ${count(tickets)} tickets`,
    ],
  };
}

function rateOf({ answers, seconds: measured }: LoadResult): number {
  return Object.values(answers).reduce((sum, each) => sum + each, 0) / measured;
}
