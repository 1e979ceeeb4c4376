/**
 * A process that will be killed: an engine on a segment log, to which it submits the commands of a file from
 * a given one on, telling each answer on stdout as soon as it has it.
 */
import { readFileSync } from 'node:fs';
import { openSegmentLog } from '../../adapters/log/segment/segment-log.ts';
import { Engine } from '../../domain/engine.ts';
import type { Command } from '../../domain/ticket/commands.ts';
import { builtInWorkflows, defaultWorkflow } from '../../domain/workflow/registry.ts';
import { systemClock } from '../../scripts/runtime/system.ts';

const commandsPerSubmit = 8;
const submitsInFlight = 4;

const [folder = '', file = '', from = ''] = process.argv.slice(2);
const log = await openSegmentLog({ folder, clock: systemClock, segmentBytesMax: 64 * 1024 });
const engine = new Engine({
  log,
  clock: systemClock,
  workflows: builtInWorkflows,
  defaultWorkflow,
});

async function submit(commands: readonly Command[], first: number): Promise<void> {
  const outcomes = await engine.submit(commands);
  const lines = outcomes.map((outcome, index) => JSON.stringify({ index: first + index, outcome }));
  process.stdout.write(`${lines.join('\n')}\n`);
}

const commands: readonly Command[] = JSON.parse(readFileSync(file, 'utf8'));
const inFlight: Promise<void>[] = [];
for (let next = Number(from); next < commands.length; next += commandsPerSubmit) {
  inFlight.push(submit(commands.slice(next, next + commandsPerSubmit), next));
  if (inFlight.length >= submitsInFlight) await inFlight.shift();
}
await Promise.all(inFlight);
await log.close();
