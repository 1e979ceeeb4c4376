/**
 * Single requests over HTTP, beside a fastify that does nothing with the same body on the same cores, and
 * Emmett behind such a fastify: commands at 64 connections, each answered when it is durable, and tickets
 * read. Servers and client are processes of their own; they take turns, so that the machine's moods fall on
 * all of them.
 */
import { readFileSync } from 'node:fs';
import { adminKeyFile } from '../runtime/data-folder.ts';
import { median } from '../statistics/robust.ts';
import { BenchChild } from './child-process.ts';
import { figureOf } from './figures.ts';
import type { LoadPlan, LoadResult } from './http-client-child.ts';
import { count, type Section } from './report.ts';
import type { BenchFigure, Role } from './result.ts';
import { Turns } from './turns.ts';
import type { Bench } from './workspace.ts';

const connections = 64;
const tickets = 1_000;
/** Of a turn, before what is counted. */
const warmShare = 1 / 4;

const body = JSON.stringify({
  type: 'AddComment',
  data: {
    body: 'The second tray jams on every tenth page, whatever paper is in it; we cleaned the rollers.',
    public: true,
  },
});

interface Asked {
  readonly url: string;
  readonly key: string;
  readonly writes: boolean;
}

export async function httpSection(bench: Bench): Promise<Section> {
  const { workspace, rounds, signal } = bench;
  const { server } = await workspace.postgres();
  const dataDir = workspace.newFolder('http');
  const noOp = new BenchChild('http-server-child.ts', ['no-op'], signal);
  const docket = new BenchChild('http-server-child.ts', ['docket', dataDir], signal);
  const emmett = new BenchChild('emmett-server-child.ts', [server.url], signal);
  const children = [noOp, docket, emmett];
  try {
    const [noOpUrl, docketUrl, emmettUrl] = [
      String(await noOp.message()),
      String(await docket.message()),
      String(await emmett.message()),
    ];
    const key = readFileSync(adminKeyFile(dataDir), 'utf8').trim();
    await openTickets(docketUrl, key);
    const turns = new Turns();
    const ask = (url: string, writes: boolean) => turns.add(() => load({ url, key, writes }, bench));
    const measured = {
      noOpPost: ask(noOpUrl, true),
      command: ask(docketUrl, true),
      emmett: ask(emmettUrl, true),
      noOpGet: ask(noOpUrl, false),
      ticket: ask(docketUrl, false),
    };
    await turns.run(rounds, signal);
    for (const child of children) child.stop();
    const head = Number(await docket.message());
    for (const child of children) await child.ended();
    return {
      title: '12. http: single requests, beside a fastify that does nothing and Emmett behind a bare one',
      figures: figuresOf(measured, bench),
      notes: [
        `the log held ${count(head)} events in the end`,
        `body of ${Buffer.byteLength(body)} bytes, ${count(tickets)} tickets; server and client share the cores`,
        'Emmett: its command handler reads the ticket’s stream, which grows as the run goes on, and appends in a' +
          ' transaction of PostgreSQL; no keys, rules, quotas or schemas, as Docket has them',
      ],
    };
  } finally {
    for (const child of children) await child.kill();
  }
}

/** Outside the clock. */
async function openTickets(url: string, key: string): Promise<void> {
  const commands = Array.from({ length: tickets }, (_, index) => ({
    type: 'OpenTicket',
    ticketId: `HTTP-${index}`,
    data: {
      fields: { subject: 'The printer on floor 3 jams', priority: '3 - Moderate', category: 'hardware' },
    },
  }));
  const answer = await fetch(new URL('/v1/commands', url), {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    body: JSON.stringify({ commands }),
  });
  if (!answer.ok) throw new Error(`tickets could not be opened: ${await answer.text()}`);
}

async function load({ url, key, writes }: Asked, { turnMs, signal }: Bench): Promise<LoadResult> {
  const { host, port } = new URL(url);
  const path = `/v1/tickets/HTTP-{index}${writes ? '/commands' : ''}`;
  const head = `${writes ? 'POST' : 'GET'} ${path} HTTP/1.1\r\nhost: ${host}\r\nauthorization: Bearer ${key}\r\n`;
  const request = writes
    ? `${head}content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
    : `${head}\r\n`;
  const seconds = turnMs / 1_000;
  const warmSeconds = seconds * warmShare;
  const plan: LoadPlan = { port: Number(port), connections, seconds, warmSeconds, request, indexes: tickets };
  const client = new BenchChild('http-client-child.ts', [JSON.stringify(plan)], signal);
  const result = (await client.message()) as LoadResult;
  await client.ended();
  const failed = Object.keys(result.answers).filter((status) => !status.startsWith('2'));
  if (failed.length > 0) throw new Error(`answers of ${failed.join(', ')}`);
  return result;
}

type Results = readonly LoadResult[];

function figuresOf(
  measured: Readonly<Record<'noOpPost' | 'command' | 'emmett' | 'noOpGet' | 'ticket', Results>>,
  { turnMs }: Bench,
): readonly BenchFigure[] {
  const timed = `${connections} connections, ${turnMs / 1_000} s a round after ${(warmShare * turnMs) / 1_000} s`;
  const rate = (id: string, what: string, results: Results, role: Role, beside: readonly BenchFigure[]) =>
    figureOf({
      id: `http-${id}`,
      role,
      what,
      unit: 'answers/s',
      rounds: results.map(rateOf),
      conditions: `${timed}; client at ${median(results.map(({ cpu }) => cpu)).toFixed(2)} CPU`,
      beside,
    });
  const p99 = (id: string, what: string, results: Results, beside: readonly BenchFigure[]) =>
    figureOf({
      id: `http-${id}-p99`,
      role: beside.length === 0 ? 'raw' : 'docket',
      what: `${what}, p99`,
      unit: 'ms',
      rounds: results.map(({ p99Ms }) => p99Ms),
      conditions: 'of the same',
      beside,
    });
  const noOpPost = rate('no-op-post', 'no-op POST', measured.noOpPost, 'raw', []);
  const noOpGet = rate('no-op-get', 'no-op GET', measured.noOpGet, 'raw', []);
  const emmett = rate('emmett-post', 'Emmett on fastify', measured.emmett, 'peer', []);
  const postP99 = p99('no-op-post', 'no-op POST', measured.noOpPost, []);
  const getP99 = p99('no-op-get', 'no-op GET', measured.noOpGet, []);
  return [
    rate('command', '12a AddComment, durable', measured.command, 'docket', [noOpPost, emmett]),
    p99('command', '12a AddComment', measured.command, [postP99]),
    rate('ticket', '12b GET of a ticket', measured.ticket, 'docket', [noOpGet, noOpPost]),
    p99('ticket', '12b GET of a ticket', measured.ticket, [getP99]),
    noOpPost,
    postP99,
    noOpGet,
    getP99,
    emmett,
  ];
}

function rateOf({ answers, seconds: measured }: LoadResult): number {
  return Object.values(answers).reduce((sum, each) => sum + each, 0) / measured;
}
