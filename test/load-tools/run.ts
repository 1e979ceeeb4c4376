/**
 * `npm run test:load-tools`: scenarios, written for every tool, and run by each tool that is on this machine
 * for a few seconds, against a server of our own. Whatever the tool counted as accepted must be what the log
 * grew by: a file that asks for the wrong thing, or counts wrongly, does not pass.
 * `--require-all` fails where a tool is missing. Ends with 1 where anything is wrong.
 */
import { rmSync } from 'node:fs';
import { z } from 'zod';
import { findScenarios } from '../../scripts/load/catalogue.ts';
import { type Scenario, scenarioSchema } from '../../scripts/load/scenario.ts';
import { exportScenario, reasonNotToExport, writeToolFiles } from '../../scripts/load/tools/export.ts';
import { type LoadTool, loadTools } from '../../scripts/load/tools/tool.ts';
import { type RunningServer, serve } from '../support/docket.ts';
import { testDatabase, testFolder } from '../support/postgres.ts';
import { findProgram, runTool, UnusableTool } from './tools.ts';

const requireAll = process.argv.includes('--require-all');
const seconds = 2;
/** A closed loop asks once more with each user before it sees the end, and JMeter opens a ticket for each. */
const sparePerUser = 2;

const shapes = scenarioSchema.parse({
  id: 'SHAPES',
  title: `Odd "words" & <marks> \${that} 'end' */ things`,
  purpose: 'All shapes of a stage, and history.',
  kind: 'load',
  users: 10,
  ticketsBefore: 20,
  mix: [
    { action: 'history', weight: 0.5 },
    { action: 'comment', weight: 1 },
    { action: 'advance', weight: 1 },
  ],
  stages: [
    { name: `"at", 'once' \${__P(x)}`, role: 'warm', shape: 'burst', requests: 20, withinSeconds: 0 },
    { name: 'more & more', role: 'measured', shape: 'ramp', fromPerSecond: 20, toPerSecond: 60, seconds: 2 },
  ],
  kpis: { responseSecondsMax: 2 },
});

const dataDir = testFolder();
const folder = testFolder();
const database = await testDatabase();
const server = await serve(dataDir, { DATABASE_URL: database.url }, ['--no-timers']);
try {
  const [pt01, load] = await findScenarios(['PT01', 'LOAD']);
  if (pt01 === undefined || load === undefined) throw new Error('bug: PT01 and LOAD do not ship');
  let wrong = 0;
  for (const tool of loadTools) wrong += await tryOut(tool, [pt01, load, shapes]);
  process.exitCode = wrong === 0 ? 0 : 1;
} finally {
  await server.stop();
  await database.drop();
  for (const each of [dataDir, folder]) rmSync(each, { recursive: true, force: true });
}

/** How many of them went wrong. */
async function tryOut(tool: LoadTool, scenarios: readonly Scenario[]): Promise<number> {
  const program = findProgram(tool);
  if (program === undefined) {
    console.log(
      `${tool}: not on this machine, so that its files were not tried (${tool.toUpperCase()} names it)`,
    );
    return requireAll ? 1 : 0;
  }
  let wrong = 0;
  for (const scenario of scenarios) {
    if (reasonNotToExport(scenario, tool) !== undefined) continue;
    const startedMs = performance.now();
    const found = await complaintsOf(tool, program, scenario).catch((error: unknown) => {
      if (error instanceof UnusableTool) return error;
      return [String(error)];
    });
    if (found instanceof UnusableTool) {
      console.log(`${tool}: ${program} was not used: ${found.message}`);
      return requireAll ? 1 : 0;
    }
    const took = ((performance.now() - startedMs) / 1_000).toFixed(1);
    const [said = 'passed'] = found.length === 0 ? [] : ['FAILED'];
    console.log(`${tool} ${scenario.id}: ${said} in ${took} s`);
    for (const complaint of found) console.log(`  ${complaint}`);
    if (found.length > 0) wrong += 1;
  }
  return wrong;
}

async function complaintsOf(tool: LoadTool, program: string, scenario: Scenario): Promise<readonly string[]> {
  await writeToolFiles(exportScenario(scenario, tool), folder);
  const { url, key } = server;
  const before = await headOf(server);
  const id = scenario.id.toLowerCase();
  const count = await runTool[tool]({ program, folder, id, url, key, seconds });
  const grown = (await headOf(server)) - before;
  console.log(
    `  ${count.requests} requests, ${count.failed} failed, ${count.events} events told, ${grown} in the log`,
  );
  const most = requestsOf(scenario) + sparePerUser * scenario.users * roundsOf(scenario);
  return [
    ...(count.requests > 0 ? [] : ['it asked for nothing']),
    ...(count.failed === 0 ? [] : [`${count.failed} requests failed`]),
    ...(count.events > 0 ? [] : ['nothing was accepted']),
    ...(count.events === grown ? [] : [`it counted ${count.events} events, and the log grew by ${grown}`]),
    ...(count.requests <= most
      ? []
      : [`it asked for ${count.requests}, and the scenario for ${most} at most`]),
  ];
}

/** Stages, and steps of what is climbed in steps. */
function roundsOf({ stages }: Scenario): number {
  return stages.reduce((sum, stage) => sum + (stage.shape === 'ramp' ? stage.seconds : 1), 0);
}

/** As many as the scenario asks for, with the time that it is given here. */
function requestsOf({ stages, ticketsBefore }: Scenario): number {
  const each = stages.map((stage) => {
    if (stage.shape === 'burst') return stage.requests;
    const perSecond = stage.shape === 'hold' ? stage.perSecond : stage.toPerSecond;
    return perSecond * Math.max(seconds, 1);
  });
  return ticketsBefore + each.reduce((sum, requests) => sum + requests, 0);
}

async function headOf(running: RunningServer): Promise<number> {
  const answer = await running.fetch('/v1/events?limit=1');
  return z.object({ position: z.int() }).parse(await answer.json()).position;
}
