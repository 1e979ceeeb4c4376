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
import { closedLoopMaximum } from '../../../scripts/load/second-method.ts';
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

describe('the script for wrk', () => {
  it('holds any text as Lua takes it', () => {
    const odd = { action: 'open', method: 'POST', path: '/v1/tickets', body: '{"a":"]] \\n ü\n"}' };
    const script = wrkScript([odd], 'k"ey');
    expect(script).toContain(String.raw`"{\034a\034:\034]] \092n \195\188\010\034}"`);
    expect(script).toContain(String.raw`"Bearer k\034ey"`);
  });
});

describe('two methods', () => {
  it('agree within 15 % of the closed loop, above as below', () => {
    expect(agreement(851, 1_000).agrees).toBe(true);
    expect(agreement(1_149, 1_000).agrees).toBe(true);
    expect(agreement(849, 1_000).agrees).toBe(false);
    expect(agreement(1_151, 1_000).agrees).toBe(false);
    expect(agreement(800, 1_000)).toMatchObject({
      words: 'the ladder kept 800/s, 20.0 % less than the 1,000/s of the closed loop; not within 15 %',
    });
  });
});
