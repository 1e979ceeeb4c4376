/**
 * How soon a server takes commands: `docket serve` from its start until the first command is answered, on an
 * empty folder and on one with a long log, with and without a snapshot of its tickets. In turns with a Node
 * that does nothing, a PostgreSQL that starts alone, and Emmett behind a bare fastify. Everything that is
 * started here ends here.
 */

import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { openEmbeddedPostgres } from '../../adapters/postgres/embedded.ts';
import type { Command } from '../../domain/ticket/commands.ts';
import { builtInWorkflows } from '../../domain/workflow/registry.ts';
import { snapshotFolder } from '../runtime/data-folder.ts';
import { openSegmentEngine } from '../runtime/sink.ts';
import { BenchChild } from './child-process.ts';
import { runDocket } from './docket-process.ts';
import { figureOf } from './figures.ts';
import { play } from './playing.ts';
import { count, type Section } from './report.ts';
import type { BenchFigure } from './result.ts';
import { startServer } from './server-process.ts';
import { Turns } from './turns.ts';
import type { Bench } from './workspace.ts';

const eventsPerTicket = 10;
/** What follows when work has started. */
const later = ['ResolveTicket', 'ReopenTicket'] as const;

export async function coldStartSection(bench: Bench): Promise<Section> {
  const { workspace, rounds, signal } = bench;
  const full = workspace.newDataFolder('cold-start');
  const cluster = workspace.newDataFolder('cold-start-postgres');
  try {
    await fillFolder(full, bench);
    await startPostgres(cluster);
    const turns = new Turns();
    const measured = {
      empty: turns.add(() => onEmptyFolder(bench)),
      // Each start leaves a snapshot when it is stopped, for the next.
      withSnapshot: turns.add(() => firstAnswer(full, signal)),
      without: turns.add(() => {
        rmSync(snapshotFolder(full), { recursive: true, force: true });
        return firstAnswer(full, signal);
      }),
      node: turns.add(() => startNode(signal)),
      postgres: turns.add(() => startPostgres(cluster)),
      emmett: turns.add(() => startEmmett(bench)),
    };
    await turns.run(rounds, signal);
    return {
      title: '15. cold start: from the start of the process to the first accepted command',
      figures: figuresOf(measured, bench),
      notes: [
        'the clock runs from before the process is spawned until a POST of a ticket, tried again every 5 ms from' +
          ' when the address is known, is answered with 201; the embedded PostgreSQL is started by the server and' +
          ' is in the time; on the empty folder its cluster is made too',
        'all files were in the page cache; each server was stopped in order before, and saved what it knew',
        'Emmett: a process that loads it and fastify, listens, and answers its first command; its PostgreSQL runs' +
          ' already and its tables are there, so add the start of PostgreSQL to compare it',
      ],
    };
  } finally {
    for (const folder of [full, cluster]) rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * A log of so many events on live tickets, its read models, keys and a snapshot, as a server that ran before
 * leaves them. Without the read models, catching up would share the cores with what is measured.
 */
async function fillFolder(dataDir: string, { coldEvents, signal }: Bench): Promise<void> {
  const { engine, log, close } = await openSegmentEngine(dataDir, builtInWorkflows);
  try {
    await play({ engine, log }, historyOf(coldEvents), 'inside the clock', signal);
  } finally {
    await close();
  }
  await runDocket(['projector', '--until-caught-up', '--data-dir', dataDir], { signal });
  await firstAnswer(dataDir, signal);
}

/** Every ticket is opened, then all of them take one step after the other. */
function* historyOf(events: number): Generator<Command> {
  const actor = { id: 'svc-desk', role: 'integration' } as const;
  const tickets = Math.ceil(events / eventsPerTicket);
  const firstMs = Date.now();
  for (let sent = 0; sent < events; sent += 1) {
    const step = Math.floor(sent / tickets);
    const common = { ticketId: `COLD-${sent % tickets}`, actor, occurredAt: firstMs + sent, data: {} };
    if (step === 0) yield { type: 'OpenTicket', workflow: 'incident', ...common };
    else yield { type: step === 1 ? 'StartWork' : (later[step % later.length] ?? 'StartWork'), ...common };
  }
}

async function onEmptyFolder({ workspace, signal }: Bench): Promise<number> {
  const dataDir = workspace.newDataFolder('cold-start-empty');
  try {
    return await firstAnswer(dataDir, signal);
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
}

/** Seconds until the server has answered its first command; it is stopped in order afterwards. */
async function firstAnswer(dataDir: string, signal: AbortSignal): Promise<number> {
  const startedAtMs = performance.now();
  const server = await startServer(dataDir, signal);
  try {
    await server.openTicket(`COLD-${randomUUID()}`);
    return (performance.now() - startedAtMs) / 1_000;
  } finally {
    await server.stop();
  }
}

/** Seconds from spawn to end of a Node that has nothing to do. */
async function startNode(signal: AbortSignal): Promise<number> {
  const startedAtMs = performance.now();
  const child = spawn(process.execPath, ['-e', '0'], { stdio: 'ignore', signal });
  await once(child, 'close');
  return (performance.now() - startedAtMs) / 1_000;
}

/** Seconds until PostgreSQL answers, on a cluster that is there; it is stopped again. */
async function startPostgres(dataFolder: string): Promise<number> {
  const startedAtMs = performance.now();
  const server = await openEmbeddedPostgres({ dataFolder });
  const seconds = (performance.now() - startedAtMs) / 1_000;
  await server.stop();
  return seconds;
}

async function startEmmett({ workspace, signal }: Bench): Promise<number> {
  const { server } = await workspace.postgres();
  const startedAtMs = performance.now();
  const child = new BenchChild('emmett-server-child.ts', [server.url], signal);
  try {
    const url = new URL('/v1/tickets/COLD-0/commands', String(await child.message()));
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(url, { method: 'POST', headers, body: '{"data":{"body":"first"}}', signal });
    if (!answer.ok) throw new Error(`Emmett answered ${answer.status}: ${await answer.text()}`);
    return (performance.now() - startedAtMs) / 1_000;
  } finally {
    await child.kill();
  }
}

type Seconds = readonly number[];

function figuresOf(
  measured: Readonly<Record<'empty' | 'withSnapshot' | 'without' | 'node' | 'postgres' | 'emmett', Seconds>>,
  { coldEvents }: Bench,
): readonly BenchFigure[] {
  const raw = (id: string, what: string, rounds: Seconds, conditions: string) =>
    figureOf({ id: `cold-start-${id}`, role: 'raw', what, unit: 's', rounds, conditions });
  const postgres = raw('postgres', 'PostgreSQL alone', measured.postgres, 'until it answers, cluster there');
  const node = raw('node', 'bare Node', measured.node, '`node -e 0`, from spawn to end');
  const emmett = figureOf({
    id: 'cold-start-emmett',
    role: 'peer',
    what: 'Emmett on fastify',
    unit: 's',
    rounds: measured.emmett,
    conditions: 'to its first answer, with its PostgreSQL running already',
  });
  const log = `${count(coldEvents)} events of ${count(coldEvents / eventsPerTicket)} tickets`;
  const ours = (id: string, what: string, rounds: Seconds, conditions: string) =>
    figureOf({
      id: `cold-start-${id}`,
      what,
      unit: 's',
      rounds,
      conditions,
      beside: [postgres, node, emmett],
    });
  return [
    ours(
      'empty',
      '15a empty folder',
      measured.empty,
      'nothing there: keys, log, cluster and tables are made',
    ),
    ours('snapshot', '15b with a snapshot', measured.withSnapshot, `${log}, restored from it`),
    ours('no-snapshot', '15c without', measured.without, `${log}, read from the log when first needed`),
    postgres,
    node,
    emmett,
  ];
}
