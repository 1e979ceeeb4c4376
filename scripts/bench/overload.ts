/**
 * More requests than the server can answer: how many it answers all the same, how fast, and how soon it is
 * over. The callers are a process of their own, and what was answered is counted in the log as well.
 */
import { buildServer } from '../../adapters/http/server.ts';
import { builtInWorkflows } from '../../domain/workflow/registry.ts';
import { note } from '../cli/output.ts';
import { type OpenEngine, openSegmentEngine } from '../runtime/sink.ts';
import { BenchChild } from './child-process.ts';
import { httpParts } from './http-parts.ts';
import type { CallersPlan, Phase, PhaseResult } from './overload-callers.ts';
import { count, type Figure, type Section } from './report.ts';
import type { Bench } from './workspace.ts';

const ticketsCount = 1_000;
const fewConnections = 64;
const manyConnections = 6_000;
const warmUpSeconds = 3;
const capacitySeconds = 5;
const phaseSeconds = 5;
/** Of the capacity, one after the other. */
const loads = [0.5, 1, 2, 3, 0.5] as const;
const unlimited = { quota: 1_000_000_000, windowSeconds: 1 };

export async function overloadSection({ workspace, signal }: Bench): Promise<Section> {
  const engine = await openSegmentEngine(workspace.newFolder('overload'), builtInWorkflows);
  try {
    const ticketIds = await openTickets(engine);
    const server = serverOn(engine);
    try {
      const url = new URL(await server.listen({ host: '127.0.0.1', port: 0 }));
      const call = (phases: readonly Phase[]) =>
        callWith({ port: Number(url.port), ticketIds, phases }, signal);
      const headBefore = await engine.log.head();
      const closed = { perSecond: 0, connections: fewConnections };
      const [warmUp, full] = await call([
        { ...closed, seconds: warmUpSeconds },
        { ...closed, seconds: capacitySeconds },
      ]);
      if (warmUp === undefined || full === undefined) throw new Error('the callers ended too early');
      const capacity = full.accepted / full.seconds;
      const results = await call(
        loads.map((load) => ({
          perSecond: Math.round(capacity * load),
          seconds: phaseSeconds,
          connections: manyConnections,
        })),
      );
      const logged = (await engine.log.head()) - headBefore;
      return report({ full, results, logged, all: [warmUp, full, ...results] });
    } finally {
      await server.close();
    }
  } finally {
    await engine.close();
  }
}

async function openTickets({ engine }: OpenEngine): Promise<readonly string[]> {
  const actor = { id: 'ana', role: 'agent' } as const;
  const opening = { type: 'OpenTicket', actor, data: {} } as const;
  const outcomes = await engine.submit(Array.from({ length: ticketsCount }, () => opening));
  return outcomes.map(({ ticketId }) => ticketId).filter((id) => id !== undefined);
}

/** As `docket serve` makes it, without read models, and with nobody limited but by what the server can do. */
function serverOn({ engine, log }: OpenEngine) {
  return buildServer({
    ...httpParts(engine, log),
    rates: { requestsPerKey: unlimited },
    report: (error) => note(`docket bench: ${String(error)}`),
  });
}

async function callWith(plan: CallersPlan, signal: AbortSignal): Promise<readonly PhaseResult[]> {
  const child = new BenchChild('overload-callers.ts', [JSON.stringify(plan)], signal);
  const results: PhaseResult[] = [];
  for (const _ of plan.phases) results.push((await child.message()) as PhaseResult);
  await child.ended();
  return results;
}

interface Measured {
  readonly full: PhaseResult;
  readonly results: readonly PhaseResult[];
  /** Events that the callers' requests left in the log. */
  readonly logged: number;
  readonly all: readonly PhaseResult[];
}

function report({ full, results, logged, all }: Measured): Section {
  const capacity = full.accepted / full.seconds;
  const peak = Math.max(capacity, ...results.map(({ accepted, seconds }) => accepted / seconds));
  const acknowledged = all.reduce((total, { accepted }) => total + accepted, 0);
  const busiest = Math.max(...results.map(({ cpuShare }) => cpuShare));
  return {
    title: '14. overload: single commands over HTTP, more of them than can be answered',
    figures: [
      {
        what: 'capacity',
        value: capacity,
        unit: 'answers/s',
        conditions: `${fewConnections} connections in closed loops, ${full.seconds.toFixed(0)} s; p99 ${full.p99Ms.toFixed(1)} ms`,
      },
      ...results.flatMap((result, index) => figuresOf(loads[index] ?? 0, result, peak)),
      {
        what: 'in the log',
        value: logged - acknowledged,
        unit: 'events',
        conditions: `more in the log than the ${count(acknowledged)} that were acknowledged; 0 is right`,
      },
    ],
    notes: [
      `open loop over ${count(manyConnections)} kept connections without pipelining; latency from when a request` +
        ' was due; a request is held back where every connection still waits for its answer',
      'the server shares its cores with its callers: what refusing costs and what calling costs are both taken' +
        ` from answering; the callers used up to ${busiest.toFixed(2)} of a core, and near 1 they were the bottleneck`,
    ],
  };
}

function figuresOf(load: number, result: PhaseResult, peak: number): readonly Figure[] {
  const { due, heldBack, accepted, refused, failed, seconds, p50Ms, p99Ms, troubledSeconds } = result;
  const share = (part: number) => `${((100 * part) / due).toFixed(0)} %`;
  const goodput = accepted / seconds;
  return [
    {
      what: `${load} × capacity`,
      value: goodput,
      unit: 'answers/s',
      conditions:
        `${((100 * goodput) / peak).toFixed(0)} % of the peak; of ${count(due / seconds)}/s due ${share(refused)} were` +
        ` refused, ${share(heldBack)} held back, ${count(failed)} requests failed`,
    },
    {
      what: '   p99',
      value: p99Ms,
      unit: 'ms',
      conditions: `of those that were carried out; median ${p50Ms.toFixed(1)} ms; the last that was refused or late came after ${troubledSeconds.toFixed(2)} s`,
    },
  ];
}
