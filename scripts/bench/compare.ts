/**
 * A run against a stored one, figure by figure, with the noise of both taken into account: by how much a
 * figure moved, by how much its ratio to the raw limit of its own run moved, and what can be said of that.
 * It must never find a change where rounds overlap as they do by chance, nor compare what can not be.
 */
import { factorBetween, sampleSizeMax } from '../statistics/two-samples.ts';
import type { BenchFigure, BenchResult } from './result.ts';

/**
 * The chance of a verdict where nothing changed, for each figure. One in a hundred, because some forty are
 * compared at a time; it takes five rounds of each run to reach it (4 and 4 never get below 0.029).
 */
export const falseAlarmsMax = 0.01;
/**
 * Smaller changes are not told, however sure they are: the rounds of a run are more alike than two runs of
 * the same code a minute apart, whose medians differ by some percent even as ratios.
 */
export const changeMin = 0.05;
/** Rounds of each run below which the test can not tell anything at that level. */
export const roundsMin = 5;
/** Disks whose bare writes differ by more are not the same disk, or no longer do the same. */
const fdatasyncFactorMax = 3;

export type Verdict = 'better' | 'worse' | 'no_difference' | 'not_comparable';

/** New divided by old, with the interval that belongs to `falseAlarmsMax`. */
export interface Change {
  readonly factor: number;
  readonly low: number;
  readonly high: number;
  /** Whether it is surer than chance and larger than `changeMin`; `none` otherwise. */
  readonly direction: 'up' | 'down' | 'none';
}

export interface FigureComparison {
  readonly id: string;
  readonly what: string;
  readonly unit: string;
  readonly before: number;
  readonly after: number;
  readonly absolute: Change | undefined;
  /** Of the ratio to the raw limit measured in turns with it; undefined where there is none. */
  readonly relative: Change | undefined;
  /** The raw limit that is meant. */
  readonly yardstick: string | undefined;
  readonly verdict: Verdict;
  /** Why it is not comparable, or what the two ratios say that the verdict does not. */
  readonly note: string;
}

export interface Comparison {
  /** Why nothing can be compared; empty where it can. */
  readonly obstacles: readonly string[];
  /** What differs without making figures useless, such as the version of Node. */
  readonly differences: readonly string[];
  readonly figures: readonly FigureComparison[];
  /** Ids that only one of the runs has. */
  readonly onlyBefore: readonly string[];
  readonly onlyAfter: readonly string[];
}

/** Of Docket's own figures; what machine and peers did shows in their ratios. */
export function compareRuns(before: BenchResult, after: BenchResult): Comparison {
  const obstacles = obstaclesBetween(before, after);
  const [old, fresh] = [figuresOf(before), figuresOf(after)];
  const common = [...fresh].filter(([id, { role }]) => old.has(id) && role === 'docket');
  return {
    obstacles,
    differences: differencesBetween(before, after),
    figures: common.flatMap(([id, figure]) => {
      const was = old.get(id);
      return was === undefined ? [] : [compareFigures(was, figure, fresh, obstacles)];
    }),
    onlyBefore: [...old.keys()].filter((id) => !fresh.has(id)),
    onlyAfter: [...fresh.keys()].filter((id) => !old.has(id)),
  };
}

function figuresOf({ sections }: BenchResult): ReadonlyMap<string, BenchFigure> {
  return new Map(sections.flatMap(({ figures }) => figures.map((figure) => [figure.id, figure])));
}

/** Each names the field. */
function obstaclesBetween(before: BenchResult, after: BenchResult): readonly string[] {
  const runs = [
    ['the stored run', before],
    ['the new run', after],
  ] as const;
  return [
    ...runs.flatMap(([name, { quick }]) => (quick ? [`quick: ${name} was a quick one`] : [])),
    ...runs.flatMap(([name, { validity }]) =>
      validity.valid ? [] : [`validity: ${name} is invalid (${validity.reasons.join('; ')})`],
    ),
    ...different('machine.cpu', before.machine.cpu, after.machine.cpu),
    ...different('machine.cores', before.machine.cores, after.machine.cores),
    ...different('machine.fileSystem', before.machine.fileSystem, after.machine.fileSystem),
    ...differentDisks(before.durability, after.durability),
    ...differentEntries('durability.postgres', before.durability.postgres, after.durability.postgres),
    ...differentEntries('sizes', before.sizes, after.sizes),
  ];
}

function differencesBetween(before: BenchResult, after: BenchResult): readonly string[] {
  return [
    ...differentEntries('versions', before.versions, after.versions),
    ...different('machine.system', before.machine.system, after.machine.system),
    ...different('machine.memoryBytes', before.machine.memoryBytes, after.machine.memoryBytes),
  ];
}

function different(field: string, before: string | number, after: string | number): string[] {
  return before === after ? [] : [`${field}: ${before} before, ${after} now`];
}

function differentEntries(
  field: string,
  before: Readonly<Record<string, string | number>>,
  after: Readonly<Record<string, string | number>>,
): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].flatMap((name) =>
    different(`${field}.${name}`, before[name] ?? 'nothing', after[name] ?? 'nothing'),
  );
}

/** The mode is told from a measurement, which moves a little from run to run; only much is another disk. */
function differentDisks(before: BenchResult['durability'], after: BenchResult['durability']): string[] {
  const [was, is] = [before.fdatasyncMicroseconds, after.fdatasyncMicroseconds];
  if (Math.max(was / is, is / was) <= fdatasyncFactorMax) return [];
  const micros = (value: number) => `${Math.round(value)} µs`;
  return [
    `durability.fdatasyncMicroseconds: ${micros(was)} before (flushes: ${before.flushes}),` +
      ` ${micros(is)} now (flushes: ${after.flushes})`,
  ];
}

function compareFigures(
  before: BenchFigure,
  after: BenchFigure,
  fresh: ReadonlyMap<string, BenchFigure>,
  obstacles: readonly string[],
): FigureComparison {
  const absolute = changeOf(before.rounds, after.rounds);
  const yardstick = after.beside.find(({ id }) => fresh.get(id)?.role === 'raw');
  const same = before.beside.find(({ id }) => id === yardstick?.id);
  const relative =
    yardstick === undefined || same === undefined ? undefined : changeOf(same.rounds, yardstick.rounds);
  const common = {
    id: after.id,
    what: after.what,
    unit: after.unit,
    before: before.value,
    after: after.value,
    absolute,
    relative,
    yardstick: relative === undefined ? undefined : yardstick?.id,
  };
  const obstacle = obstacles[0] ?? obstacleOf(before, after);
  if (obstacle !== undefined) return { ...common, verdict: 'not_comparable', note: obstacle };
  return { ...common, ...judge(absolute, relative, after) };
}

function obstacleOf(before: BenchFigure, after: BenchFigure): string | undefined {
  if (before.unit !== after.unit) return `unit: ${before.unit} before, ${after.unit} now`;
  if (before.better !== after.better) return `better: ${before.better} before, ${after.better} now`;
  const fewest = Math.min(before.rounds.length, after.rounds.length);
  if (fewest < roundsMin) return `rounds: ${fewest} are too few to tell a change from noise`;
  if ([...before.rounds, ...after.rounds].some((value) => value <= 0)) return 'rounds: not all above zero';
  return undefined;
}

/** Undefined where the rounds are not of a kind that has ratios, or too few. */
function changeOf(before: readonly number[], after: readonly number[]): Change | undefined {
  const usable = (rounds: readonly number[]) =>
    rounds.length >= roundsMin && rounds.length <= sampleSizeMax && rounds.every((value) => value > 0);
  if (!usable(before) || !usable(after)) return undefined;
  const { factor, low, high, pValue } = factorBetween(before, after, falseAlarmsMax);
  const sure = pValue <= falseAlarmsMax && Math.abs(factor - 1) >= changeMin;
  return { factor, low, high, direction: sure ? (factor > 1 ? 'up' : 'down') : 'none' };
}

/**
 * The ratio to the raw limit decides where there is one, because absolute figures move with the machine;
 * unless the figure itself moved the other way, which only says that the yardstick moved more.
 */
function judge(
  absolute: Change | undefined,
  relative: Change | undefined,
  { better }: BenchFigure,
): { readonly verdict: Verdict; readonly note: string } {
  const deciding = relative ?? absolute;
  const verdict = verdictOf(deciding, better);
  const other = relative === undefined ? undefined : absolute;
  if (other === undefined || other.direction === deciding?.direction) return { verdict, note: '' };
  if (deciding?.direction === 'none') {
    return { verdict, note: `went ${other.direction}, and so did the machine` };
  }
  if (other.direction === 'none') return { verdict, note: 'by its ratio to the raw limit only' };
  return { verdict: 'no_difference', note: 'itself and its ratio to the raw limit went opposite ways' };
}

function verdictOf(change: Change | undefined, better: BenchFigure['better']): Verdict {
  if (change === undefined || change.direction === 'none') return 'no_difference';
  return (change.direction === 'up') === (better === 'higher') ? 'better' : 'worse';
}
