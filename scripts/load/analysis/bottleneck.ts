/**
 * Which part the rest waits for, with the measurements that say so. It must never name a part because
 * something must be named: where nothing was near its limit, it says that.
 */
import type { BottleneckAnalysis, Measured, ResourceRow, StageResult } from '../result.ts';
import { keepsObjective, lagGrowthOf } from './capacity.ts';
import { ended, known, mean, resourcesIn, stageTitle } from './rows.ts';
import { milliseconds, percent, rate, rounded } from './words.ts';

/** Of the one core that JavaScript runs on; collection and file work on other threads come on top of it. */
const mainThreadBusy = 0.85;
/** Of the p99 of answers: what a part that takes this much of it could give back. */
const latencyShare = 0.5;
/** Of all cores. Beyond this there is nothing left to take, and whoever takes most is the bottleneck. */
const machineFull = 0.92;
const databaseBusy = 0.8;
const generatorBusy = 0.9;
/** Of the requests that did not succeed, for the refusals to be what the stage is about. */
const mostErrors = 0.5;
/** Latencies under this are no trouble, whoever they come from. */
const latencyMsLeast = 20;

/** Averages over one stage; undefined where it was not measured. */
export interface Load {
  readonly serverCores: number | undefined;
  readonly projectorCores: number | undefined;
  readonly postgresCores: number | undefined;
  readonly generatorCores: number | undefined;
  readonly machine: number | undefined;
  readonly eventLoopDelayP99Ms: number | undefined;
  readonly databaseP99Ms: number | undefined;
}

export function loadOf(resources: readonly ResourceRow[], stage: StageResult, cores: number): Load {
  const rows = resourcesIn(resources, stage);
  const average = (of: (row: ResourceRow) => number | undefined) => mean(known(rows.map(of)));
  const inCores = (of: (row: ResourceRow) => number | undefined) => {
    const share = average(of);
    return share === undefined ? undefined : share * cores;
  };
  return {
    serverCores: inCores(({ cpu }) => cpu.server),
    projectorCores: inCores(({ cpu }) => cpu.projector),
    postgresCores: inCores(({ cpu }) => cpu.postgres),
    generatorCores: inCores(({ cpu }) => cpu.generator),
    machine: average(({ cpu }) => cpu.machine),
    eventLoopDelayP99Ms: average((row) => row.eventLoopDelayP99Ms),
    databaseP99Ms: average((row) => row.databaseP99Ms),
  };
}

/** The first stage that missed the objective, or else that with the most offered; undefined without any. */
export function hardestStage({ scenario, stages, resources }: Measured): StageResult | undefined {
  const asked = stages.filter(
    (stage) => stage.role !== 'warm' && stage.role !== 'after' && !wasAskedAgain(stage, stages),
  );
  return (
    asked.find((stage) => !keepsObjective(stage, scenario.objective, resources).keeps) ??
    asked.toSorted((one, other) => other.offeredPerSecond - one.offeredPerSecond)[0]
  );
}

/** Of a step that was missed and asked again, the second time counts. */
function wasAskedAgain({ index, role, sweep, offeredPerSecond }: StageResult, stages: Measured['stages']) {
  return stages.some(
    (other) =>
      role === 'step' &&
      other.role === role &&
      other.sweep === sweep &&
      other.index > index &&
      other.offeredPerSecond === offeredPerSecond,
  );
}

export function bottleneckOf(measured: Measured): BottleneckAnalysis {
  const { scenario, resources, validity, cores } = measured;
  if (!validity.valid || validity.generatorCpuShare >= generatorBusy)
    return { where: 'generator', evidence: generatorEvidence(measured) };
  const stage = hardestStage(measured);
  if (stage === undefined) return { where: 'none', evidence: ['no stage was measured'] };
  if (!stage.validity.valid)
    return { where: 'generator', evidence: [`${stageTitle(stage)}: ${stage.validity.reasons.join(' ')}`] };
  const judged = keepsObjective(stage, scenario.objective, resources);
  const load = loadOf(resources, stage, cores);
  const at = `${stageTitle(stage)}: ${judged.why}`;
  const lagPerSecond = lagGrowthOf(stage, resources);
  const api = apiEvidence(load, stage, scenario.server.servers);
  const database = databaseEvidence(load, stage, cores);
  const throttled = throttledEvidence(stage);
  // Read models that fall behind while the answers are right are the projector's trouble and nobody else's.
  if (lagPerSecond > 0 && keepsObjective(stage, scenario.objective).keeps)
    return { where: 'projector', evidence: [at, ...projectorEvidence(lagPerSecond, load)] };
  if (judged.keeps && !isFull(load)) return { where: 'none', evidence: [at, ...spareEvidence(load, cores)] };
  if (throttled.length > 0) return { where: 'api', evidence: [at, ...throttled] };
  const where = culpritOf(api.length > 0, database.length > 0, { ...load, cores });
  const evidence = where === 'api' ? api : where === 'database' ? database : [];
  return { where, evidence: [at, ...evidence, ...spareEvidence(load, cores)] };
}

/** Where neither stands out, or both do, a machine without a free core is used up by who takes most of it. */
function culpritOf(api: boolean, database: boolean, load: OnMachine): 'api' | 'database' | 'none' {
  if (api !== database) return api ? 'api' : 'database';
  if (!api && (!isFull(load) || neighbourTakesMost(load))) return 'none';
  return (load.postgresCores ?? 0) > (load.serverCores ?? 0) ? 'database' : 'api';
}

interface OnMachine extends Load {
  readonly cores: number;
}

/** Cores that no part of the test used; 0 where it was not measured. */
export function neighbourCores(load: OnMachine): number {
  const { serverCores, projectorCores, postgresCores, generatorCores, machine, cores } = load;
  const own = known([serverCores, projectorCores, postgresCores, generatorCores]);
  return machine === undefined ? 0 : Math.max(0, machine * cores - own.reduce((sum, used) => sum + used, 0));
}

function neighbourTakesMost(load: OnMachine): boolean {
  return neighbourCores(load) > Math.max(load.serverCores ?? 0, load.postgresCores ?? 0);
}

function isFull({ machine }: Load): boolean {
  return (machine ?? 0) >= machineFull;
}

function generatorEvidence({ validity }: Measured): readonly string[] {
  return [
    ...validity.reasons,
    `its busiest worker used ${percent(validity.generatorCpuShare)} of a core`,
    `it sent its requests up to ${milliseconds(validity.sendDelay.p99Ms)} late (p99)`,
  ];
}

/** `servers` share the load, each with a main thread of its own. */
function apiEvidence(load: Load, { latency }: StageResult, servers: number): readonly string[] {
  const { serverCores, eventLoopDelayP99Ms } = load;
  const perServer = serverCores === undefined ? undefined : serverCores / servers;
  const found: string[] = [];
  if (perServer !== undefined && perServer >= mainThreadBusy)
    found.push(`the server used ${rounded(perServer)} cores; its JavaScript runs on one`);
  if (eventLoopDelayP99Ms !== undefined && takesTooMuch(eventLoopDelayP99Ms, latency.p99Ms))
    found.push(
      `its event loop was ${milliseconds(eventLoopDelayP99Ms)} late (p99), ` +
        `of the ${milliseconds(latency.p99Ms)} that answers took`,
    );
  return found;
}

function databaseEvidence(load: Load, { latency }: StageResult, cores: number): readonly string[] {
  const { postgresCores, databaseP99Ms } = load;
  const found: string[] = [];
  if (postgresCores !== undefined && postgresCores >= databaseBusy * cores)
    found.push(`PostgreSQL used ${rounded(postgresCores)} of ${cores} cores`);
  if (databaseP99Ms !== undefined && takesTooMuch(databaseP99Ms, latency.p99Ms))
    found.push(
      `its statements took ${milliseconds(databaseP99Ms)} (p99), ` +
        `of the ${milliseconds(latency.p99Ms)} that answers took`,
    );
  return found;
}

function projectorEvidence(lagPerSecond: number, { projectorCores, postgresCores }: Load): readonly string[] {
  return [
    `answers kept the objective, while the lag grew by ${rounded(lagPerSecond)} events each second`,
    ...(projectorCores === undefined ? [] : [`the projector used ${rounded(projectorCores)} cores`]),
    ...(postgresCores === undefined ? [] : [`PostgreSQL used ${rounded(postgresCores)} cores`]),
  ];
}

function throttledEvidence({ endings, offeredPerSecond }: StageResult): readonly string[] {
  const { throttled } = endings;
  if (throttled === 0 || throttled < mostErrors * (ended(endings) - endings.succeeded)) return [];
  return [
    `${percent(throttled / ended(endings))} of ${rate(offeredPerSecond)} were answered 429: ` +
      'the limit is a rate that was set, and not what the server can do',
  ];
}

function spareEvidence(load: Load, cores: number): readonly string[] {
  const { serverCores, projectorCores, postgresCores, generatorCores, machine } = load;
  if (machine === undefined) return [];
  const parts = [
    ['server', serverCores],
    ['projector', projectorCores],
    ['PostgreSQL', postgresCores],
    ['generator', generatorCores],
  ] as const;
  const told = parts.flatMap(([name, used]) => (used === undefined ? [] : [`${name} ${rounded(used)}`]));
  const others = neighbourCores({ ...load, cores });
  return [
    `${percent(machine)} of ${cores} cores were busy (in cores: ${told.join(', ')}, others ${rounded(others)})`,
  ];
}

function takesTooMuch(partMs: number, latencyMs: number): boolean {
  return partMs >= latencyMsLeast && partMs >= latencyShare * latencyMs;
}
