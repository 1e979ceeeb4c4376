/**
 * What a load test does, as data: who asks for what, how often, for how long, of which server, and what must
 * then hold. Scenario files (scripts/load/scenarios/*.json) are this schema; the runner, and the files for
 * Locust, JMeter, k6, ab and Postman, are all made from them.
 * It must stay independent of any generator: nothing here says how a request is sent.
 */
import { z } from 'zod';

/** One request of a user. The words after each name are all that a generator has to know. */
export const actions = {
  open: 'POST /v1/tickets: opens a ticket with subject, priority and category',
  comment: 'POST /v1/tickets/{id}/commands: adds a comment to a ticket that the run opened before',
  advance: 'POST /v1/tickets/{id}/commands: the next of assign, escalate, reassign, resolve on such a ticket',
  read: 'GET /v1/tickets/{id}: such a ticket, from the engine',
  list: 'GET /v1/tickets?limit=50: a page of the list, from PostgreSQL',
  search: 'GET /v1/tickets?q=…: full-text search, from PostgreSQL',
  history: 'GET /v1/tickets/{id}/events: the events of such a ticket',
  classify: 'classifies a new ticket; there is no classifier yet, so a scenario with it is not run',
} as const;
export type Action = keyof typeof actions;
const actionSchema = z.enum(Object.keys(actions) as [Action, ...Action[]]);

const perSecond = z.number().positive().max(1_000_000);
const seconds = z
  .number()
  .positive()
  .max(7 * 24 * 3_600);
const users = z.int().positive().max(100_000);

const stageBase = {
  name: z.string().min(1).max(60),
  /**
   * What the stage is for. `warm` is left out of every figure; `before` is what a spike or a stress is
   * compared with; `measured` is what the KPIs are judged on; `step` is one of a ladder; `surge` is a spike;
   * `after` is watched for recovery.
   */
  role: z.enum(['warm', 'before', 'measured', 'step', 'surge', 'after']),
  /** Connections over HTTP/1.1, streams at once over HTTP/2; otherwise as the scenario says. */
  users: users.optional(),
};

export const stageSchema = z.discriminatedUnion('shape', [
  z.strictObject({ ...stageBase, shape: z.literal('hold'), perSecond, seconds }),
  z.strictObject({
    ...stageBase,
    shape: z.literal('ramp'),
    fromPerSecond: perSecond,
    toPerSecond: perSecond,
    seconds,
  }),
  /** A number of requests that are all due within a time; 0 seconds: at the same instant. */
  z.strictObject({
    ...stageBase,
    shape: z.literal('burst'),
    requests: z.int().positive().max(10_000_000),
    withinSeconds: z.number().min(0).max(3_600),
  }),
]);
export type Stage = z.infer<typeof stageSchema>;

/**
 * A ladder of `hold` stages, each `factor` times the one before (or `users` each), up to the step that misses
 * the objective, and then back to the first: made while the run goes on, because its end is what is asked.
 * A step that misses is asked once more before it counts.
 */
const ladderSchema = z.strictObject({
  fromPerSecond: perSecond,
  factor: z.number().gt(1).max(4),
  stepsMax: z.int().min(2).max(30),
  secondsEach: seconds,
  /** At the start of each step, left out of its figures. */
  warmSeconds: z.number().min(0),
  /** So many more steps, each halfway (by factor) between the highest rate kept and the lowest missed. */
  refinements: z.int().min(0).max(5).default(0),
});

/** Limits of the key performance indicators; one that is left out is not judged, and the report says so. */
const kpisSchema = z.strictObject({
  /** p99 of answers, from the intended start. */
  responseSecondsMax: z.number().positive().optional(),
  /** Tickets opened per second over the measured stages. */
  ticketsPerSecondMin: z.number().positive().optional(),
  /** Share of all cores that Docket and its PostgreSQL use. */
  cpuShareMax: z.number().positive().max(1).optional(),
  /** Share of the memory allocation that they use together. */
  memoryShareMax: z.number().positive().max(1).optional(),
  /** p99 of one classification. */
  modelSecondsMax: z.number().positive().optional(),
  /** p99 of queries and commits on the database. */
  databaseSecondsMax: z.number().positive().optional(),
  /** Share of probes that the server answered. */
  uptimeShareMin: z.number().positive().max(1).optional(),
  /** This many tickets opened, the last of them so long after the first request was due. */
  ticketsWithin: z.strictObject({ tickets: z.int().positive(), seconds }).optional(),
  /** This many requests that read from the database, or lead to a write in it, visible at the end. */
  databaseOperationsMin: z.int().positive().optional(),
  /** Share of requests answered 429, each with Retry-After, and how close what was let in is to the rate. */
  throttling: z
    .strictObject({
      refusedShareMin: z.number().min(0).max(1),
      allowedPerSecond: perSecond,
      allowedWithinShare: z.number().positive().max(1),
    })
    .optional(),
  /** Seconds after a surge until latency and lag are back in the band from before it. */
  recoverySecondsMax: z.number().positive().optional(),
});
export type KpiLimits = z.infer<typeof kpisSchema>;

export const scenarioSchema = z
  .strictObject({
    id: z.string().regex(/^[A-Z][A-Z0-9-]{1,30}$/),
    title: z.string().min(1).max(120),
    /** What is learned from it, in a sentence or two. */
    purpose: z.string().min(1),
    kind: z.enum(['load', 'stress', 'spike', 'scalability', 'soak']),
    protocol: z.enum(['http1', 'http2']).default('http1'),
    users,
    mix: z.array(z.strictObject({ action: actionSchema, weight: z.number().positive() })).min(1),
    /** Tickets opened before anything is measured, for the actions that need some. */
    ticketsBefore: z.int().min(0).max(1_000_000).default(0),
    stages: z.array(stageSchema).default([]),
    ladder: ladderSchema.optional(),
    /** Runs the stages once for each of these: what is asked is how the figures change with it. */
    sweep: z
      .discriminatedUnion('over', [
        z.strictObject({
          over: z.literal('users'),
          values: z.array(users).min(2).max(12),
          /** What each user asks for, in place of the rate of stages that hold one. */
          perUserPerSecond: z.number().positive().max(1_000),
        }),
        z.strictObject({ over: z.literal('preloadEvents'), values: z.array(z.int().min(0)).min(2).max(6) }),
        /** Servers that share one PostgreSQL log. */
        z.strictObject({ over: z.literal('servers'), values: z.array(z.int().min(1).max(16)).min(2).max(6) }),
      ])
      .optional(),
    server: z
      .strictObject({
        log: z.enum(['segment', 'postgres']).default('segment'),
        servers: z.int().min(1).max(16).default(1),
        /** Further options of `docket serve`, as words. */
        options: z.array(z.string()).default([]),
        /** Events in the log, and in the read models, before the server is tested. */
        preloadEvents: z.int().min(0).max(50_000_000).default(0),
      })
      .prefault({}),
    /** What capacity is judged by. */
    objective: z
      .strictObject({
        p99Ms: z.number().positive().default(2_000),
        errorShareMax: z.number().min(0).max(1).default(0.001),
        achievedShareMin: z.number().positive().max(1).default(0.99),
      })
      .prefault({}),
    kpis: kpisSchema,
  })
  .refine(({ stages, ladder }) => stages.length > 0 || ladder !== undefined, {
    message: 'a scenario needs stages, a ladder, or both',
    path: ['stages'],
  })
  .refine(({ stages, sweep }) => sweep?.over !== 'users' || !stages.some(({ role }) => role === 'measured'), {
    message: 'in a sweep over users what is measured has the role "step": each value is a step of one ladder',
    path: ['stages'],
  });
export type Scenario = z.infer<typeof scenarioSchema>;
