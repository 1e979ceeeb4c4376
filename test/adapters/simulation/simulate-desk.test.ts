/** The simulated desk against a sink: the real engine on a memory log, a busy and a broken one, and paced. */
import { describe, expect, test } from 'vitest';
import { MemoryLog } from '../../../adapters/log/memory/memory-log.ts';
import { simulateDesk } from '../../../adapters/simulation/simulate-desk.ts';
import { Engine } from '../../../domain/engine.ts';
import { Fault } from '../../../domain/errors.ts';
import type { CommandSink } from '../../../domain/ports.ts';
import type { Command } from '../../../domain/ticket/commands.ts';
import { builtInWorkflows } from '../../../domain/workflow/registry.ts';

function newEngine() {
  const clock = { now: () => Date.UTC(2026, 0, 1) };
  const log = new MemoryLog({ clock });
  const engine = new Engine({
    log,
    clock,
    workflows: builtInWorkflows,
    defaultWorkflow: 'support',
  });
  return { engine, log };
}

describe.each(['support', 'incident'] as const)('the %s desk on the real engine', (workflow) => {
  test('is answered as it means to be, and fills the log', async () => {
    const { engine, log } = newEngine();
    const stats = await simulateDesk({ seed: 1, tickets: 1_000, workflow, sink: engine });
    expect(stats.surprises).toBe(0);
    expect(stats.rejected).toBe(stats.wrongOnPurpose);
    expect(stats.rejectedByCode).toEqual({ illegal_transition: stats.wrongOnPurpose });
    expect(stats.events).toBe(await log.head());
    expect(stats.accepted + stats.repeated + stats.rejected).toBe(stats.commands);
    expect(stats.ticketsLive).toBe(0);
    expect(stats.ticketsOpened).toBeGreaterThanOrEqual(1_000);
  });
});

describe('a paced desk', () => {
  test('sends commands when they are due, not before', async () => {
    const { engine } = newEngine();
    const speed = 86_400;
    const from = Date.UTC(2026, 0, 5);
    const startedAtMs = performance.now();
    const early: Command[] = [];
    const watched: CommandSink = {
      submit: (commands) => {
        const businessNow = from + (performance.now() - startedAtMs) * speed;
        early.push(...commands.filter((each) => Number(each.occurredAt) > businessNow));
        return engine.submit(commands);
      },
    };
    const stats = await simulateDesk({ seed: 1, from, hours: 24, speed, sink: watched });
    expect(early).toEqual([]);
    expect(stats.seconds).toBeGreaterThan(0.9);
    expect(stats.surprises).toBe(0);
    expect(stats.ticketsOpened).toBeGreaterThan(100);
  });

  test('stops when it is told to', async () => {
    const { engine } = newEngine();
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 150);
    const stats = await simulateDesk({ seed: 1, speed: 3_600, sink: engine, signal: stop.signal });
    expect(stats.seconds).toBeLessThan(5);
  });
});

describe('a sink that fails', () => {
  test('is asked again while it is overloaded, and nothing is sent twice or out of order', async () => {
    const { engine } = newEngine();
    let calls = 0;
    const busy: CommandSink = {
      submit: async (commands) => {
        calls += 1;
        if (calls % 3 !== 0) throw new Fault('overloaded', 'full');
        return engine.submit(commands);
      },
    };
    const limits = { retryDelayMsFirst: 1, commandsPerSubmitMax: 100 };
    const stats = await simulateDesk({ seed: 1, tickets: 200, sink: busy, limits });
    expect(stats.surprises).toBe(0);
    expect(stats.events).toBeGreaterThan(1_000);
  });

  test('ends the simulation with its fault', async () => {
    const broken: CommandSink = { submit: () => Promise.reject(new Fault('log_failed', 'disk')) };
    await expect(simulateDesk({ seed: 1, tickets: 10, sink: broken })).rejects.toMatchObject({
      code: 'log_failed',
    });
    const limits = { retryDelayMsFirst: 1, overloadRetriesMax: 2 };
    const full: CommandSink = { submit: () => Promise.reject(new Fault('overloaded', 'full')) };
    await expect(simulateDesk({ seed: 1, tickets: 10, sink: full, limits })).rejects.toMatchObject({
      code: 'overloaded',
    });
  });
});
