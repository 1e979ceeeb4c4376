/**
 * What a run of the benchmarks leaves behind, as JSON of the schema `docket-bench/1`: every single
 * measurement with its conditions, and whether it can be believed. What is printed, compared and exported is
 * all made from it. It must hold what was measured, so that every verdict can be reached again from it.
 */
import { z } from 'zod';
import { sampleSizeMax } from '../statistics/two-samples.ts';

export const benchSchemaName = 'docket-bench/1';

const share = z.number().min(0);

/** Ids stay the same from one version to the next: stored runs are compared by them. */
const idSchema = z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/);

/** Between a figure and one that was measured in turns with it, in the same run. */
const besideSchema = z.strictObject({
  id: idSchema,
  /** The figure divided by the other one: the median of the rounds' ratios. */
  ratio: z.number(),
  /** Of each round; where the two have different numbers of rounds, of the medians alone. */
  rounds: z.array(z.number()).min(1).max(sampleSizeMax),
});

/**
 * `docket`: what Docket does, and is judged by. `raw`: what machine, disk or database do without it; the
 * first one beside a figure is the yardstick by which stored runs are compared. `peer`: another product.
 * `detail`: says how a figure came about and is neither good nor bad.
 */
export const roles = ['docket', 'raw', 'peer', 'detail'] as const;
export type Role = (typeof roles)[number];

const figureSchema = z.strictObject({
  id: idSchema,
  what: z.string(),
  role: z.enum(roles),
  /** The median of the rounds. */
  value: z.number(),
  unit: z.string(),
  better: z.enum(['higher', 'lower']),
  /** All single measurements, in order. */
  rounds: z.array(z.number()).min(1).max(sampleSizeMax),
  /** Whether the rounds lie too far apart for the figure to say much. */
  noisy: z.boolean(),
  /** What was done, how often, in what sizes. */
  conditions: z.string(),
  beside: z.array(besideSchema),
});
export type BenchFigure = z.infer<typeof figureSchema>;

/** Shares of all cores of the machine while a section ran. */
const cpuSchema = z.strictObject({
  /** Of the benchmark and everything that it started. */
  own: share,
  /** Of everything else, the kernel's own work included. */
  foreign: share,
  /** Taken by the host of a virtual machine. */
  stolen: share,
});
export type CpuShares = z.infer<typeof cpuSchema>;

const sectionSchema = z.strictObject({
  name: idSchema,
  title: z.string(),
  figures: z.array(figureSchema),
  /** What a reader must know to not be misled. */
  notes: z.array(z.string()),
  seconds: z.number(),
  /** Left out where the system does not tell. */
  cpu: cpuSchema.optional(),
});
export type BenchSection = z.infer<typeof sectionSchema>;

const validitySchema = z.strictObject({
  valid: z.boolean(),
  /** Why not. */
  reasons: z.array(z.string()),
  /** What does not make it invalid, but must be known. */
  remarks: z.array(z.string()),
});
export type BenchValidity = z.infer<typeof validitySchema>;

export const benchResultSchema = z.strictObject({
  schema: z.literal(benchSchemaName),
  startedAt: z.iso.datetime(),
  finishedAt: z.iso.datetime(),
  commit: z.string(),
  machine: z.strictObject({
    cpu: z.string(),
    cores: z.int().min(1),
    memoryBytes: z.int(),
    system: z.string(),
    /** Type and device of what the temporary folder lies on. */
    fileSystem: z.string(),
  }),
  versions: z.strictObject({
    node: z.string(),
    postgres: z.string(),
    docket: z.string(),
    emmett: z.string(),
  }),
  durability: z.strictObject({
    /** `unlikely` where it returned sooner than a disk without protected memory can flush. */
    flushes: z.enum(['likely', 'unlikely']),
    /** Median of a bare write of 256 bytes with fdatasync, before everything else. */
    fdatasyncMicroseconds: z.number(),
    postgres: z.record(z.string(), z.string()),
  }),
  /** Over 1, 5 and 15 minutes, before the run. */
  loadBefore: z.tuple([z.number(), z.number(), z.number()]),
  commandLine: z.array(z.string()),
  /** A quick run is for finding out whether everything works; its figures are compared with nothing. */
  quick: z.boolean(),
  /** What was asked for; only runs of the same sizes are comparable. */
  sizes: z.record(z.string(), z.number()),
  validity: validitySchema,
  sections: z.array(sectionSchema),
});
export type BenchResult = z.infer<typeof benchResultSchema>;
