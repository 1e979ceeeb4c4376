/**
 * The second method against a real server and log in this process: what the tools say was answered must be in
 * the log. The tools are real; where one is missing its test is skipped.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildServer } from '../../../adapters/http/server.ts';
import { builtInWorkflows } from '../../../domain/workflow/registry.ts';
import { httpParts } from '../../../scripts/bench/http-parts.ts';
import { agreement } from '../../../scripts/load/agreement.ts';
import { scenarioSchema } from '../../../scripts/load/scenario.ts';
import { closedLoopMaximum } from '../../../scripts/load/second-method.ts';
import { SecondOpinion, secondMethodKpis } from '../../../scripts/load/second-opinion.ts';
import { wrkScript } from '../../../scripts/load/wrk-script.ts';
import { type OpenEngine, openSegmentEngine } from '../../../scripts/runtime/sink.ts';

const missing = (tool: string) => spawnSync(tool, ['-V']).error !== undefined;

let engine: OpenEngine;
let server: ReturnType<typeof buildServer>;
let url: string;
beforeAll(async () => {
  engine = await openSegmentEngine(mkdtempSync(join(tmpdir(), 'second-method-')), builtInWorkflows);
  const unlimited = { quota: 1_000_000_000, windowSeconds: 1 };
  server = buildServer({ ...httpParts(engine.engine, engine.log), rates: { requestsPerKey: unlimited } });
  url = await server.listen({ host: '127.0.0.1', port: 0 });
});
afterAll(async () => {
  await server.close();
  await engine.close();
});

const connections = 16;
const asked = () => ({ url, key: 'docket_x', connections, seconds: 1, warmSeconds: 0 });

describe('the most of a closed loop', () => {
  it.skipIf(missing('wrk'))(
    'by wrk: what was answered is in the log, but for what was under way',
    async () => {
      const found = await closedLoopMaximum({ ...asked(), tools: ['wrk'] });
      expect(found).toMatchObject({ tool: 'wrk', failed: 0 });
      expect(found.perSecond).toBeGreaterThan(100);
      expect(found.countedInLog).toBeGreaterThanOrEqual(found.perSecond);
      expect(found.countedInLog).toBeLessThanOrEqual(found.perSecond + 2 * connections);
    },
  );

  it.skipIf(missing('wrk'))(
    'by wrk, of a mix: half of the requests read, and half are in the log',
    async () => {
      const mix = [
        { action: 'comment', weight: 1 },
        { action: 'read', weight: 1 },
      ] as const;
      const found = await closedLoopMaximum({ ...asked(), mix: [...mix], tools: ['wrk'] });
      expect(found.failed).toBe(0);
      expect(found.countedInLog / found.perSecond).toBeGreaterThan(0.4);
      expect(found.countedInLog / found.perSecond).toBeLessThan(0.6);
    },
  );

  it.skipIf(missing('ab'))('by ab, where there is no wrk', async () => {
    const found = await closedLoopMaximum({ ...asked(), tools: ['ab'] });
    expect(found).toMatchObject({ tool: 'ab', failed: 0 });
    expect(found.perSecond).toBeGreaterThan(100);
    expect(found.countedInLog / found.perSecond).toBeCloseTo(1, 1);
  });

  it('is not asked for with what a closed loop can not do', async () => {
    const mix = [{ action: 'advance' as const, weight: 1 }];
    await expect(closedLoopMaximum({ ...asked(), mix })).rejects.toThrow(/'advance', which depends on/);
    await expect(closedLoopMaximum({ ...asked(), tools: [] })).rejects.toThrow(/install one/);
  });

  it.skipIf(missing('ab'))('by ab only with one action', async () => {
    const mix = [
      { action: 'open' as const, weight: 1 },
      { action: 'list' as const, weight: 1 },
    ];
    await expect(closedLoopMaximum({ ...asked(), mix, tools: ['ab'] })).rejects.toThrow(/one action only/);
  });

  it.skipIf(missing('wrk') && missing('ab'))('of a server that is not there is a clear fault', async () => {
    const gone = { ...asked(), url: 'http://127.0.0.1:9' };
    await expect(closedLoopMaximum(gone)).rejects.toMatchObject({ code: 'server_unreachable' });
  });
});

describe('a second opinion', () => {
  const scenario = scenarioSchema.parse({
    id: 'LADDER',
    title: 'a ladder',
    purpose: 'to be confirmed',
    kind: 'stress',
    users: connections,
    mix: [{ action: 'open', weight: 1 }],
    ladder: { fromPerSecond: 10, factor: 2, stepsMax: 2, secondsEach: 1, warmSeconds: 0 },
    kpis: {},
  });
  const capacity = { perSecond: 10, step: 'step 1', limit: '', atLeast: false };
  const notes: string[] = [];
  const asking = { secondMethod: true, seed: 1, progress: { note: (line: string) => notes.push(line) } };

  it.skipIf(missing('wrk'))('keeps each run, and tells of all of them what they come to', async () => {
    const second = new SecondOpinion(scenario, asking);
    const place = {
      targets: [{ url, key: 'docket_x', metricsUrl: undefined }],
      processes: undefined,
      log: { head: async () => 0, recordedTimes: async function* none() {}, close: async () => undefined },
      readModels: undefined,
      conditions: {},
      close: async () => undefined,
    };
    const runStartedAtMs = Date.now() - 5_000;
    for (const when of ['before the ladder', 'after the ladder'])
      await second.ask({ place, tickets: [], when, runStartedAtMs });
    const found = second.result(capacity);
    expect(found).toMatchObject({ tool: 'wrk', connections });
    expect(found?.runs.map(({ when }) => when)).toEqual(['before the ladder', 'after the ladder']);
    const [first, last] = found?.runs ?? [];
    expect(first?.fromSecond).toBeGreaterThan(5);
    expect(last?.fromSecond).toBeGreaterThan((first?.fromSecond ?? 0) + 1);
    expect(notes[0]).toMatch(/wrk in a closed loop, before the ladder: [\d.]+\/s answered/);
    // Ten a second is far from what it bears, whichever of the two is said of it.
    const verdict = (found?.spreadShare ?? 0) > 0.15 ? 'not_judged' : 'missed';
    expect(secondMethodKpis(found)).toMatchObject([{ name: 'second method', verdict }]);
  });

  it('is not asked for what a closed loop can not tell, and says why', () => {
    const stateful = { ...scenario, mix: [{ action: 'advance' as const, weight: 1 }] };
    const second = new SecondOpinion(stateful, asking);
    expect(second.isWanted).toBe(false);
    expect(second.result(capacity)).toMatchObject({
      verdict: 'not_judged',
      words: "it was not asked: 'advance' depends on the answers before",
    });
    const several = { ...scenario, server: { ...scenario.server, servers: 2 } };
    expect(new SecondOpinion(several, asking).result(capacity)?.words).toContain('here are several');
  });

  it('is nothing where nobody asked', () => {
    const second = new SecondOpinion(scenario, { ...asking, secondMethod: false });
    expect(second.isWanted).toBe(false);
    expect(secondMethodKpis(second.result(capacity))).toEqual([]);
  });
});

describe('the script for wrk', () => {
  it('holds any text as Lua takes it', () => {
    const odd = { action: 'open', method: 'POST', path: '/v1/tickets', body: '{"a":"]] \\n ü\n"}' };
    const script = wrkScript([odd], 'k"ey');
    expect(script).toContain(String.raw`"{\034a\034:\034]] \092n \195\188\010\034}"`);
    expect(script).toContain(String.raw`"Bearer k\034ey"`);
  });
});

function runsOf(...rates: readonly number[]) {
  return rates.map((perSecond) => ({ perSecond }));
}

describe('two methods', () => {
  const steady = runsOf(1_000, 980, 1_010);
  const kept = (perSecond: number) => agreement({ perSecond, atLeast: false }, steady).verdict;

  it('agree within 15 % of the median of the closed loop, above as below', () => {
    expect([kept(851), kept(1_149)]).toEqual(['met', 'met']);
    expect([kept(849), kept(1_151)]).toEqual(['missed', 'missed']);
    expect(agreement({ perSecond: 800, atLeast: false }, steady)).toEqual({
      perSecond: 1_000,
      spreadShare: 0.03,
      verdict: 'missed',
      words: 'the ladder kept 800/s, 20.0 % less than the 1,000/s of the closed loop; not within 15 %',
    });
  });

  it('are not compared where the closed loop disagrees with itself, and both are told', () => {
    const { verdict, words } = agreement({ perSecond: 1_000, atLeast: false }, runsOf(1_000, 1_300));
    expect(verdict).toBe('not_judged');
    expect(words).toBe(
      'the machine was not steady: the closed loop reached 1,000/s to 1,300/s in 2 runs, 26.1 % apart;' +
        ' the ladder kept 1,000/s',
    );
  });

  it('are not compared after one run, without a capacity, or below a limit that was not found', () => {
    expect(agreement({ perSecond: 1_000, atLeast: false }, runsOf(1_000)).verdict).toBe('not_judged');
    expect(agreement(undefined, steady).verdict).toBe('not_judged');
    expect(agreement({ perSecond: 500, atLeast: true }, steady).verdict).toBe('not_judged');
    // What was found is enough to disagree, or to agree, all the same.
    expect(agreement({ perSecond: 1_500, atLeast: true }, steady).verdict).toBe('missed');
    expect(agreement({ perSecond: 900, atLeast: true }, steady).verdict).toBe('met');
  });
});
