/**
 * What to do next, in sentences that each stand on a figure of this run, the most useful first. It must never
 * give advice that would be true of any server: what was not measured is not mentioned.
 */
import type { Analyses, LeakAnalysis, Measured, RecoveryAnalysis } from '../result.ts';
import { hardestStage, type Load, loadOf, neighbourCores } from './bottleneck.ts';
import { capacitiesBySweep, keepsObjective } from './capacity.ts';
import { errorShare, known, mainError, resourcesIn, stageTitle } from './rows.ts';
import { bytes, ended, milliseconds, percent, rate, rounded, seconds } from './words.ts';

/** What is left over the usual load for a surge, for the loss of a server, and for growth. */
const plannedShare = 0.7;
/** A generator that takes more of the machine than this takes it from what it measures. */
const generatorShareNoticed = 0.15;
/** Processor time of the machine that no part of the test used: a neighbour's. */
const neighbourShareNoticed = 0.1;
/** Half a core is enough to move something to. */
const coresNoticed = 0.5;
const openFilesNoticed = 800;
/** A difference between the values of a sweep that is no mere noise. */
const differenceNoticed = 0.1;

export function summarySentences(measured: Measured, analyses: Analyses): string[] {
  const { validity } = measured;
  if (!validity.valid)
    return [
      `No figure here is the server's alone, because the generator was its own limit. ${validity.reasons.join(' ')}`,
    ];
  return [
    ...leakSentences(analyses.leaks),
    ...bottleneckSentences(measured, analyses),
    ...capacitySentences(analyses),
    ...errorSentences(measured),
    ...recoverySentences(analyses.recovery),
    ...sweepSentences(measured),
    ...uslSentences(analyses),
    ...generatorSentences(measured),
    ...machineSentences(measured),
    ...roomSentences(measured, analyses),
  ];
}

function leakSentences(leaks: readonly LeakAnalysis[]): readonly string[] {
  return leaks
    .filter(({ verdict }) => verdict === 'leaking')
    .map(({ series, slopePerHour, lowPerHour, highPerHour, samples }) => {
      const isBytes = /memory|heap/.test(series);
      const told = (value: number) => (isBytes ? bytes(value) : rounded(value));
      return (
        `Find what holds on: ${series} grew by ${told(slopePerHour)} an hour under a constant load ` +
        `(95 % interval ${told(lowPerHour)} to ${told(highPerHour)}, ${samples} samples); ` +
        `that is ${told(slopePerHour * 24)} a day.`
      );
    });
}

function bottleneckSentences(measured: Measured, { bottleneck }: Analyses): readonly string[] {
  const stage = hardestStage(measured);
  if (stage === undefined || bottleneck.where === 'none' || bottleneck.where === 'generator') return [];
  const why = bottleneck.evidence.slice(1).join('; ');
  if (bottleneck.where === 'projector')
    return [`The read models are the limit: ${ended(why)} Answers of commands do not wait for them.`];
  if (bottleneck.where === 'database')
    return [`PostgreSQL is the limit: ${ended(why)} ${databaseAdvice(measured)}`];
  if (stage.endings.throttled > 0 && errorShare(stage.endings) > measured.scenario.objective.errorShareMax)
    return [`The limit is the rate that was set: ${ended(why)} Raise it to learn what the server can do.`];
  return [
    `The API process is the limit: ${ended(why)}${apiAdvice(loadOf(measured.resources, stage, measured.cores), measured)}`,
  ];
}

/** What another server, or another machine, could have; nothing where neither would bring anything. */
function apiAdvice(
  { machine, postgresCores, projectorCores }: Load,
  { cores }: Pick<Measured, 'cores'>,
): string {
  const free = machine === undefined ? 0 : (1 - machine) * cores;
  if (free >= coresNoticed)
    return ` ${rounded(free)} of ${cores} cores were free, which a second server on one PostgreSQL log could use.`;
  const others = (postgresCores ?? 0) + (projectorCores ?? 0);
  if (others < coresNoticed) return '';
  return ` PostgreSQL and the projector used ${rounded(others)} cores: elsewhere, they would leave it these.`;
}

function databaseAdvice({ scenario }: Measured): string {
  const reads = scenario.mix.filter(({ action }) => action === 'list' || action === 'search');
  const all = scenario.mix.reduce((sum, { weight }) => sum + weight, 0);
  const share = reads.reduce((sum, { weight }) => sum + weight, 0) / all;
  if (share === 0)
    return 'No request of this mix read from it, so that it is the projector and the log that use it.';
  return `${percent(share)} of the requests read lists or searched; see which statements in the server's slow log.`;
}

function capacitySentences({ capacity, knee }: Analyses): readonly string[] {
  if (capacity === undefined) return [];
  const { perSecond, step, limit } = capacity;
  if (perSecond === undefined)
    return [`Begin the ladder lower: not even the first step kept the objective; ${ended(limit)}`];
  const bend =
    knee?.found === true && knee.offeredPerSecond !== undefined
      ? ` Throughput stops following what is offered near ${rate(knee.offeredPerSecond)}.`
      : '';
  return [
    `Plan for ${rate(plannedShare * perSecond)} of the ${rate(perSecond)} that ${step} kept ` +
      `(${percent(plannedShare)}, to leave room for a surge): ${ended(limit)}${bend}`,
  ];
}

function errorSentences({ stages, scenario }: Measured): readonly string[] {
  const worst = stages
    .filter(({ role, endings }) => role !== 'step' && errorShare(endings) > scenario.objective.errorShareMax)
    .toSorted((one, other) => errorShare(other.endings) - errorShare(one.endings))[0];
  const main = worst === undefined ? undefined : mainError(worst.endings);
  if (worst === undefined || main === undefined || main.ending === 'throttled') return [];
  return [
    `In ${stageTitle(worst)} ${percent(errorShare(worst.endings))} of the requests did not succeed, ` +
      `${rounded(main.count)} of them ${main.ending}.`,
  ];
}

function recoverySentences(recovery: RecoveryAnalysis | undefined): readonly string[] {
  if (recovery === undefined) return [];
  const { p99MsMax, lagEventsMax } = recovery.band;
  const band =
    `p99 up to ${milliseconds(p99MsMax)}` +
    (lagEventsMax === undefined ? '' : ` and a lag of up to ${rounded(lagEventsMax)} events`);
  if (recovery.seconds === undefined)
    return [
      `Watch for longer, or surge less: the run ended before latency and lag were back in the band (${band}).`,
    ];
  const drained =
    recovery.drainSeconds === undefined
      ? ''
      : `; the read models had caught up after ${seconds(recovery.drainSeconds)}`;
  return [
    `After the surge it took ${seconds(recovery.seconds)} until all was as before (${band})${drained}.`,
  ];
}

/** Values of a sweep against the first of them: capacity where each has a ladder, or else p99. */
function sweepSentences({ scenario, stages, resources }: Measured): readonly string[] {
  const capacities = capacitiesBySweep(stages, scenario.objective, resources).flatMap(
    ({ sweep, capacity }) =>
      sweep === undefined || capacity.perSecond === undefined ? [] : [{ sweep, value: capacity.perSecond }],
  );
  const [least, ...others] = capacities;
  if (least !== undefined)
    return others.map(
      ({ sweep, value }) =>
        `With ${sweep} ${rate(value)} are kept, ${rounded(value / least.value)} times the ${rate(least.value)} ` +
        `with ${least.sweep}.`,
    );
  const measured = stages.filter(({ role, sweep }) => role === 'measured' && sweep !== undefined);
  const [first] = measured;
  const last = measured.at(-1);
  if (first === undefined || last === undefined || first.sweep === last.sweep) return [];
  const [before, after] = [first.latency.p99Ms, last.latency.p99Ms];
  if (before === 0) return [];
  const same = Math.abs(after / before - 1) < differenceNoticed;
  return [
    same
      ? `From ${first.sweep} to ${last.sweep} the p99 stays at ${milliseconds(after)}.`
      : `From ${first.sweep} to ${last.sweep} the p99 goes from ${milliseconds(before)} to ${milliseconds(after)}.`,
  ];
}

/** A peak far beyond what was measured is a guess, and left out. */
const extrapolationMax = 2;

function uslSentences({ usl }: Analyses): readonly string[] {
  if (usl?.peakConcurrency === undefined || usl.peakPerSecond === undefined) return [];
  const most = Math.max(...usl.points.map(({ concurrency }) => concurrency));
  if (usl.peakConcurrency > extrapolationMax * most || usl.rSquared < 0.9) return [];
  return [
    `More than ${rounded(usl.peakConcurrency)} requests at once make it slower, not faster: the law that fits ` +
      `(R² ${usl.rSquared.toFixed(3)}) peaks there at ${rate(usl.peakPerSecond)}.`,
  ];
}

function generatorSentences(measured: Measured): readonly string[] {
  const stage = hardestStage(measured);
  if (stage === undefined) return [];
  const { generatorCores, machine } = loadOf(measured.resources, stage, measured.cores);
  const share = (generatorCores ?? 0) / measured.cores;
  if (share < generatorShareNoticed || (machine ?? 0) < plannedShare) return [];
  return [
    `The generator itself took ${percent(share)} of the machine in ${stageTitle(stage)}; ` +
      'on a machine of its own the server would have had that too.',
  ];
}

function machineSentences(measured: Measured): readonly string[] {
  const stage = hardestStage(measured);
  if (stage === undefined) return [];
  const load = loadOf(measured.resources, stage, measured.cores);
  const others = neighbourCores({ ...load, cores: measured.cores }) / measured.cores;
  const openFiles = Math.max(0, ...known(resourcesIn(measured.resources, stage).map((row) => row.openFiles)));
  return [
    ...(others > neighbourShareNoticed
      ? [
          `${percent(others)} of the machine went to processes that are no part of this test: ` +
            'stop them, and the figures will be better and steadier.',
        ]
      : []),
    ...(openFiles > openFilesNoticed
      ? [`The server had ${rounded(openFiles)} files open at most: make sure that its limit lies well above.`]
      : []),
  ];
}

/** Where all went well and nothing was near its limit, the next question is where the limit is. */
function roomSentences(measured: Measured, { bottleneck, capacity }: Analyses): readonly string[] {
  const stage = hardestStage(measured);
  if (stage === undefined || bottleneck.where !== 'none' || capacity !== undefined) return [];
  const { machine } = loadOf(measured.resources, stage, measured.cores);
  const judged = keepsObjective(stage, measured.scenario.objective, measured.resources);
  if (!judged.keeps || machine === undefined) return [];
  return [
    `There is room: in ${stageTitle(stage)} ${judged.why}, with ${percent(machine)} of ` +
      `${measured.cores} cores busy. CAPACITY finds how much.`,
  ];
}
