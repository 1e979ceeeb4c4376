/**
 * Honest counting: whatever engines do together on one log, each one's count of transitions is what it
 * appended, by workflow and type, and all of them together are the log.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { EngineMetrics } from '../../../adapters/metrics/engine.ts';
import { createRegistry, type MetricsRegistry } from '../../../adapters/metrics/registry.ts';
import type { Engine } from '../../../domain/engine.ts';
import type { EventLog, Outcome } from '../../../domain/ports.ts';
import type { Command } from '../../../domain/ticket/commands.ts';
import { builtInWorkflows } from '../../../domain/workflow/registry.ts';
import { arbitraryCommands } from '../../support/arbitrary-commands.ts';
import { allEvents, engineOn, memoryLog } from '../../support/engine.ts';
import { command } from '../../support/given.ts';

interface Measured {
  readonly engine: Engine;
  readonly registry: MetricsRegistry;
}

function measuredOn(log: EventLog): Measured {
  const metrics = new EngineMetrics(builtInWorkflows);
  const engine = engineOn(log, { observer: metrics, limits: { roundCommandsMax: 3 } });
  const registry = createRegistry();
  metrics.register(registry, () => {
    const { counts, queued, unanswered, tickets } = engine;
    return { counts, queued, unanswered, unansweredMax: 9, ticketsCached: tickets.size };
  });
  return { engine, registry };
}

/** Values that are not 0, by their labels. */
async function valuesOf(registry: MetricsRegistry, name: string): Promise<ReadonlyMap<string, number>> {
  const family = (await registry.snapshot()).find((each) => each.name === name);
  const samples = (family?.samples ?? []).filter(({ value }) => value !== 0);
  return new Map(samples.map(({ labels, value }) => [Object.values(labels).join(' '), value]));
}

const committed = 'docket_transitions_committed_total';
const sum = (values: Iterable<number>) => [...values].reduce((total, value) => total + value, 0);

function tally(keys: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}

/** Every third one with an id: so that it can be sent again, and told again without counting again. */
function named(commands: readonly Command[], whose: string): readonly Command[] {
  return commands.map((each, index) => ({
    ...each,
    source: whose,
    ...(index % 3 === 0 ? { commandId: `${whose}-${index}` } : {}),
  }));
}

/** In calls of a few commands; some of them twice. */
function submitAll({ engine }: Measured, commands: readonly Command[], few: number) {
  const answers: Promise<readonly Outcome[]>[] = [];
  for (let start = 0; start < commands.length; start += few) {
    const call = commands.slice(start, start + few);
    answers.push(engine.submit(call), engine.submit(call.filter(({ commandId }) => commandId !== undefined)));
  }
  return Promise.all(answers).then((outcomes) => outcomes.flat());
}

it('counts what it appended, once, by workflow and type, also among other writers', async () => {
  let conflicts = 0;
  let repeats = 0;
  await fc.assert(
    fc.asyncProperty(arbitraryCommands, arbitraryCommands, fc.nat(4), async (one, other, cut) => {
      const log = memoryLog();
      const desks = { one: measuredOn(log), other: measuredOn(log) };
      const outcomes = await Promise.all([
        submitAll(desks.one, named(one, 'one'), cut + 1),
        submitAll(desks.other, named(other, 'other'), cut + 1),
      ]);
      const events = await allEvents(log);
      for (const [source, { engine, registry }] of Object.entries(desks)) {
        const own = events.filter((event) => event.source === source);
        const told = await valuesOf(registry, committed);
        expect(told).toEqual(tally(own.map(({ workflow, type }) => `${workflow.split('@')[0]} ${type}`)));
        conflicts += engine.counts.conflicts;
        repeats += engine.counts.repeated;
      }
      const rejected = await Promise.all(
        Object.values(desks).map(({ registry }) => valuesOf(registry, 'docket_commands_rejected_total')),
      );
      const refused = outcomes.flat().filter(({ status }) => status === 'rejected');
      expect(sum(rejected.flatMap((each) => [...each.values()]))).toBe(refused.length);
    }),
    { numRuns: 60 },
  );
  // Otherwise this would prove little.
  expect(conflicts).toBeGreaterThan(0);
  expect(repeats).toBeGreaterThan(0);
});

it('tells what was refused, why, and under which workflow', async () => {
  const { engine, registry } = measuredOn(memoryLog());
  await engine.submit([
    command('StartWork'),
    command('OpenTicket', {}, 'requester'),
    command('ReopenTicket'),
  ]);
  expect(await valuesOf(registry, 'docket_commands_rejected_total')).toEqual(
    new Map([
      ['none StartWork ticket_not_found', 1],
      ['support ReopenTicket illegal_transition', 1],
    ]),
  );
  expect(await valuesOf(registry, 'docket_commands_accepted_total')).toEqual(new Map([['', 1]]));
});

it('times commands until their call is answered, and appends, with the id of the request', async () => {
  const { engine, registry } = measuredOn(memoryLog());
  await engine.submit([command('OpenTicket', {}, 'requester')], undefined, 'req-7');
  await engine.submit([command('QueueTicket', { group: 'network' }), command('ReopenTicket')]);
  const families = new Map((await registry.snapshot()).map((family) => [family.name, family.samples]));
  const commands = families.get('docket_command_duration_seconds') ?? [];
  expect(commands.find(({ suffix }) => suffix === '_count')?.value).toBe(3);
  expect(commands.find(({ exemplar }) => exemplar !== undefined)?.exemplar?.requestId).toBe('req-7');
  const events = families.get('docket_append_batch_events') ?? [];
  expect(events.find(({ suffix }) => suffix === '_sum')?.value).toBe(engine.counts.events);
  const appends = families.get('docket_append_duration_seconds') ?? [];
  expect(appends.find(({ suffix }) => suffix === '_count')?.value).toBe(2);
});

it('counts nothing where the log failed', async () => {
  const log = memoryLog();
  const { engine, registry } = measuredOn(log);
  await engine.submit([command('OpenTicket', {}, 'requester')]);
  log.append = () => Promise.reject(new Error('the disk is gone'));
  await expect(engine.submit([command('QueueTicket', { group: 'network' })])).rejects.toThrow(
    'the disk is gone',
  );
  expect(sum((await valuesOf(registry, committed)).values())).toBe(await log.head());
});
