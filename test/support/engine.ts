/** An engine on a log in memory, with a clock that tests turn by hand. */
import { MemoryLog } from '../../adapters/log/memory/memory-log.ts';
import { Engine, type EngineOptions } from '../../domain/engine.ts';
import type { EventLog } from '../../domain/ports.ts';
import type { RecordedEvent } from '../../domain/ticket/events.ts';
import { builtInWorkflows, defaultWorkflow } from '../../domain/workflow/registry.ts';
import { monday9 } from './tickets.ts';

export class HandClock {
  time = monday9;
  now(): number {
    return this.time;
  }
}

export function engineOn(log: EventLog, options: Partial<EngineOptions> = {}): Engine {
  return new Engine({
    log,
    clock: new HandClock(),
    workflows: builtInWorkflows,
    defaultWorkflow,
    ...options,
  });
}

export function memoryLog(): MemoryLog {
  return new MemoryLog({ clock: new HandClock() });
}

export async function allEvents(log: EventLog): Promise<readonly RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  for await (const batch of log.read(1)) events.push(...batch);
  return events;
}
