/** Scenarios for other tools: each is either whole and well formed, or refused with the reason. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SaxesParser } from 'saxes';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { findScenarios, shippedScenarios } from '../../../../scripts/load/catalogue.ts';
import { actions, type Scenario, scenarioSchema } from '../../../../scripts/load/scenario.ts';
import { exportScenario, reasonNotToExport, writeToolFiles } from '../../../../scripts/load/tools/export.ts';
import { planOf } from '../../../../scripts/load/tools/plan.ts';
import { samplesOf, stepSamples } from '../../../../scripts/load/tools/samples.ts';
import { type LoadTool, loadTools } from '../../../../scripts/load/tools/tool.ts';

/** Everything that ends a text, a comment or a line somewhere, or calls something. */
const odd = `Odd & "quotes" 'too' \`\${__P(x)}\` $(id) */ --> ]]> \\ <b>&amp; # // \u2028 \n exit 1 \u0000 \ud800 %s {0} """`;

const oddScenario = scenarioSchema.parse({
  id: 'ODD-1',
  title: odd.slice(0, 120),
  purpose: odd,
  kind: 'spike',
  users: 3,
  ticketsBefore: 2,
  mix: Object.keys(actions)
    .filter((action) => action !== 'classify')
    .map((action) => ({ action, weight: 0.3 })),
  stages: [
    { name: odd.slice(0, 60), role: 'warm', shape: 'hold', perSecond: 0.5, seconds: 1 },
    { name: odd.slice(-60), role: 'measured', shape: 'ramp', fromPerSecond: 1, toPerSecond: 9, seconds: 5 },
    { name: odd.slice(20, 80), role: 'surge', shape: 'burst', requests: 7, withinSeconds: 0 },
  ],
  server: { options: ['--rate-per-key', '5/s\nexit 1'] },
  kpis: {
    responseSecondsMax: 2,
    throttling: { refusedShareMin: 0.1, allowedPerSecond: 5, allowedWithinShare: 1 },
  },
});
const oddOpening = scenarioSchema.parse({
  ...oddScenario,
  id: 'ODD-2',
  mix: [{ action: 'open', weight: 1 }],
});

async function shipped(id: string): Promise<Scenario> {
  const [scenario] = await findScenarios([id]);
  if (scenario === undefined) throw new Error(`there is no ${id}`);
  return scenario;
}

/** All files that there are for a tool, of every scenario that ships and of the odd ones. */
async function filesFor(tool: LoadTool) {
  const scenarios = [...(await shippedScenarios()), oddScenario, oddOpening];
  const possible = scenarios.filter((scenario) => reasonNotToExport(scenario, tool) === undefined);
  return possible.flatMap((scenario) => exportScenario(scenario, tool));
}

async function written(tool: LoadTool): Promise<readonly string[]> {
  return writeToolFiles(await filesFor(tool), mkdtempSync(join(tmpdir(), `docket-${tool}-`)));
}

function missing(program: string): boolean {
  return spawnSync(program, ['--version']).error !== undefined;
}

describe('every scenario for every tool', () => {
  it('is written whole, or refused with the reason', async () => {
    const refused: Record<string, readonly string[]> = {};
    for (const scenario of await shippedScenarios()) {
      refused[scenario.id] = loadTools.filter((tool) => reasonNotToExport(scenario, tool) !== undefined);
      for (const tool of loadTools) {
        const why = reasonNotToExport(scenario, tool);
        if (why === undefined) expect(exportScenario(scenario, tool)[0]?.text).toContain(scenario.id);
        else
          expect(() => exportScenario(scenario, tool)).toThrow(
            `${scenario.id} can not be written for ${tool}: `,
          );
      }
    }
    const closed = ['locust', 'jmeter', 'ab'];
    expect(refused).toMatchObject({
      ...{ PT01: [], PT02: [], PT03: ['ab'], PT04: [], PT05: ['ab'], PT06: loadTools, PT07: ['ab'] },
      ...{ CAPACITY: closed, STRESS: closed, H2: closed, LOAD: ['ab'], 'SCALE-USERS': ['ab'] },
      ...{ 'SCALE-SERVERS': ['k6', ...closed], 'SCALE-TICKETS': ['k6', ...closed] },
    });
  });

  it('says where it is from, how it asks and what it can not do', async () => {
    for (const tool of loadTools) {
      const [main] = exportScenario(await shipped('PT01'), tool);
      for (const words of ['export PT01 --for', 'Model: ', 'What it can not do', 'DOCKET_URL', 'DOCKET_KEY'])
        expect(main?.text, tool).toContain(words);
    }
  });

  it('holds neither an address of its own nor a key', async () => {
    for (const tool of loadTools)
      for (const { name, text } of await filesFor(tool)) {
        expect(
          text.match(/https?:\/\/(?!127\.0\.0\.1:7420|schema\.getpostman\.com)[^\s]*/g),
          name,
        ).toBeNull();
        expect(name).toMatch(/^[a-z0-9._-]+$/);
      }
  });
});

describe('files are well formed, whatever a scenario is called', () => {
  it('k6: JavaScript', async () => {
    for (const { name, text } of await filesFor('k6')) {
      const module = join(mkdtempSync(join(tmpdir(), 'docket-k6-')), 'script.mjs');
      writeFileSync(module, text);
      expect(() => execFileSync(process.execPath, ['--check', module]), name).not.toThrow();
    }
  });

  it('Locust: Python', async (context) => {
    if (missing('python3')) context.skip('python3 is not on this machine');
    const program =
      'import ast, sys\nfor name in sys.argv[1:]: ast.parse(open(name, encoding="utf8").read(), name)';
    const paths = await written('locust');
    expect(paths.length).toBeGreaterThan(5);
    expect(() => execFileSync('python3', ['-c', program, ...paths])).not.toThrow();
  });

  it('JMeter: XML, and no text of a scenario is a function', async () => {
    const plans = (await filesFor('jmeter')).filter(({ name }) => name.endsWith('.jmx'));
    for (const { name, text } of plans) {
      expect(() => new SaxesParser().write(text).close(), name).not.toThrow();
      expect(text.replaceAll('\\$', '').match(/\$\{__P\(x\)\}/), name).toBeNull();
    }
  });

  it('JMeter and ab: scripts for sh that can be started', async () => {
    const paths = [...(await written('jmeter')), ...(await written('ab'))].filter((path) =>
      path.endsWith('.sh'),
    );
    expect(paths.length).toBeGreaterThan(5);
    for (const path of paths) {
      expect(() => execFileSync('sh', ['-n', path]), path).not.toThrow();
      expect(statSync(path).mode & 0o111, path).not.toBe(0);
    }
  });

  it('ab: nothing of a name is carried out', () => {
    const [script] = exportScenario(oddOpening, 'ab');
    const lines = (script?.text ?? '').split('\n');
    expect(lines).not.toContain('exit 1');
    const stages = lines.filter((line) => line.startsWith("stage '")).join('\n');
    const echo = `stage() { printf '%s\\n' "$1"; }\n${stages}`;
    const printed = execFileSync('sh', ['-c', echo], { encoding: 'utf8' }).trimEnd().split('\n');
    expect(printed).toEqual(planOf(oddOpening).stages.map(({ name }) => name));
  });

  it('Postman: JSON, in an order that opens first', async () => {
    for (const { name, text } of await filesFor('postman')) {
      const { item } = z.object({ item: z.array(z.object({ name: z.string() })) }).parse(JSON.parse(text));
      expect(item[0]?.name, name).toBe('open');
    }
    const [collection] = exportScenario(oddScenario, 'postman');
    const names = [...(collection?.text ?? '').matchAll(/^ {6}"name": "([^"]+)"/gm)].map(([, name]) => name);
    const steps = [1, 2, 3, 4].map((step) => `advance, step ${step}`);
    expect(names).toEqual(['open', 'comment', ...steps, 'read', 'history', 'list', 'search']);
  });
});

describe('what tools ask for', () => {
  it("is the generator's: the same paths, the same commands, different bodies", () => {
    const opened = samplesOf('open');
    expect(new Set(opened.map(({ path }) => path))).toEqual(new Set(['/v1/tickets']));
    expect(new Set(opened.map(({ body }) => body)).size).toBe(opened.length);
    expect(opened.length).toBeGreaterThan(10);
    expect(samplesOf('read')).toEqual([{ method: 'GET', path: '/v1/tickets/{ticketId}', body: undefined }]);
    const types = stepSamples().map((step) => new Set(step.map(({ body = '' }) => JSON.parse(body).type)));
    const expected = ['AssignTicket', 'EscalateTicket', 'AssignTicket', 'ResolveTicket'];
    expect(types).toEqual(expected.map((type) => new Set([type])));
  });

  it('unfolds a sweep and a ladder, and knows what a duration is about', async () => {
    const users = planOf(await shipped('SCALE-USERS'));
    const held = users.stages.filter(({ role }) => role === 'step');
    expect(held.map((stage) => [stage.users, stage.fromPerSecond])).toEqual(
      [50, 100, 200, 400, 800, 1_600].map((count) => [count, count]),
    );
    expect(new Set(held.map(({ lasts, judged }) => `${lasts} ${judged}`))).toEqual(new Set(['each false']));
    const { stages, limits } = planOf(await shipped('CAPACITY'));
    expect(stages.filter(({ role }) => role === 'step')).toHaveLength(16);
    expect(stages.map(({ lasts }) => lasts)).toEqual(['most', ...Array(17).fill('each')]);
    expect(limits.stepP99Ms).toBe(2_000);
    expect(planOf(await shipped('PT02')).stages.map(({ lasts }) => lasts)).toEqual(['most', 'own', 'shared']);
    expect(planOf(await shipped('PT04')).stages.map(({ judged }) => judged)).toEqual([
      false,
      true,
      true,
      true,
    ]);
  });

  it('takes a refusal for part of the scenario only where it is meant to be refused', async () => {
    expect(planOf(await shipped('PT07')).alsoExpected).toEqual([429]);
    expect(planOf(await shipped('LOAD')).alsoExpected).toEqual([]);
    expect(exportScenario(await shipped('PT07'), 'jmeter')[0]?.text).toContain('2\\d\\d|429');
  });

  it('is shared in JMeter so that the mix stays what it is, tickets for steps included', async () => {
    const [file] = exportScenario(await shipped('LOAD'), 'jmeter');
    const shares = [...(file?.text ?? '').matchAll(/<value>([\d.]+)<\/value>/g)].map(([, share]) =>
      Number(share),
    );
    // open 4 − 6 ÷ 4, comment 4, advance 6 + 6 ÷ 4, read 3, list 2, search 1, of 20; in two stages.
    const each = [12.5, 20, 37.5, 15, 10, 5];
    expect(shares).toEqual([...each, ...each]);
  });
});
