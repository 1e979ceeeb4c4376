/** Runs of benchmarks as they could have been stored, for tests of what is made of them. */
import type { Random } from '../../../adapters/simulation/random.ts';
import { figureOf } from '../../../scripts/bench/figures.ts';
import { type BenchFigure, type BenchResult, benchSchemaName } from '../../../scripts/bench/result.ts';

export function runOf(figures: readonly BenchFigure[], changes: Partial<BenchResult> = {}): BenchResult {
  return {
    schema: benchSchemaName,
    startedAt: '2026-11-21T10:00:00.000Z',
    finishedAt: '2026-11-21T10:08:00.000Z',
    commit: 'abc1234',
    machine: {
      cpu: 'Xeon',
      cores: 2,
      memoryBytes: 2 ** 34,
      system: 'Linux 6',
      fileSystem: 'ext4 (/dev/vda)',
    },
    versions: { node: 'v24.21.0', postgres: '18.4', docket: '0.1.0', emmett: '0.42.0' },
    durability: { flushes: 'unlikely', fdatasyncMicroseconds: 57, postgres: { fsync: 'on' } },
    loadBefore: [0.1, 0.2, 0.3],
    commandLine: [],
    quick: false,
    sizes: { events: 300_000, rounds: 5 },
    validity: { valid: true, reasons: [], remarks: [] },
    sections: [{ name: 'engine', title: '1. engine', figures: [...figures], notes: [], seconds: 60 }],
    ...changes,
  };
}

/** Rounds that scatter by some percent around a middle, as logarithms of a bell curve do. */
export function roundsAround(middle: number, scatter: number, random: Random, rounds = 5): number[] {
  const bell = () => {
    // Twelve uniform numbers have a variance of 1.
    const sum = Array.from({ length: 12 }, () => random.below(1_000_000) / 1_000_000);
    return sum.reduce((total, each) => total + each, 0) - 6;
  };
  return Array.from({ length: rounds }, () => middle * Math.exp(scatter * bell()));
}

export function rate(rounds: readonly number[], raw?: readonly number[]): BenchFigure[] {
  const yardstick =
    raw === undefined
      ? []
      : [figureOf({ id: 'raw', role: 'raw', what: 'raw', unit: '/s', rounds: raw, conditions: '' })];
  const beside = yardstick;
  return [figureOf({ id: 'ours', what: 'ours', unit: '/s', rounds, conditions: '', beside }), ...yardstick];
}
