/**
 * SLA clocks over any story: what each one says must follow from the ticket's own history, told here a second
 * time in the plainest way, by adding up the minutes in which a clock ran.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { roundTheClock } from '../../../domain/metrics/calendars.ts';
import { slaPhase } from '../../../domain/sla/clock.ts';
import { HistoryAudit } from '../../../domain/ticket/audit.ts';
import type { Command } from '../../../domain/ticket/commands.ts';
import { eventSchema, type RecordedEvent } from '../../../domain/ticket/events.ts';
import { replay } from '../../../domain/ticket/evolve.ts';
import { builtInWorkflows } from '../../../domain/workflow/registry.ts';
import { arbitraryCommands } from '../../support/arbitrary-commands.ts';
import { Story } from '../../support/given.ts';
import { gold, office, slaRules } from '../../support/sla.ts';

const rules = slaRules(
  { ...gold, name: 'network', when: { group: ['network'] }, version: '7' },
  { ...gold, when: { workflow: 'support' } },
);

/** Plays commands and keeps what a log would. */
function play(commands: readonly Command[]): { story: Story; events: RecordedEvent[] } {
  const story = new Story();
  story.sla = rules;
  const events: RecordedEvent[] = [];
  const revisions = new Map<string, number>();
  for (const [index, command] of commands.entries()) {
    const { decision } = story.when(command, `N-${index}`);
    if (decision?.status !== 'accepted') continue;
    for (const part of [{ ticketId: command.ticketId ?? '', events: decision.events }, ...decision.also]) {
      for (const each of part.events) {
        const revision = (revisions.get(part.ticketId) ?? 0) + 1;
        revisions.set(part.ticketId, revision);
        const position = events.length + 1;
        const { ticketId } = part;
        events.push({ ...each, ticketId, revision, partition: 0, position, recordedAt: position });
      }
    }
  }
  return { story, events };
}

/** In order of time, so that business time never runs backwards. */
const orderly = arbitraryCommands.map((commands) => {
  const times = commands.map(({ occurredAt }) => occurredAt ?? 0).sort((left, right) => left - right);
  return commands.map((command, index) => ({ ...command, occurredAt: times[index] }));
});

function categoryOf(event: RecordedEvent) {
  return builtInWorkflows.stateOf(event).category;
}

describe('the clocks of any story', () => {
  it('pass an audit, keep to the storage format and replay to the same state', () => {
    let clocks = 0;
    const property = fc.property(arbitraryCommands, (commands) => {
      const { story, events } = play(commands);
      const audit = new HistoryAudit(builtInWorkflows);
      expect(events.flatMap((event) => audit.check(event))).toEqual([]);
      for (const { type, data } of events) expect(eventSchema.parse({ type, data })).toEqual({ type, data });
      for (const [ticketId, ticket] of story.tickets) {
        const metrics = ticket.clocks?.map(({ metric }) => metric) ?? [];
        expect(new Set(metrics).size).toBe(metrics.length);
        expect(
          replay(
            ticketId,
            events.filter((event) => event.ticketId === ticketId),
          ),
        ).toEqual(ticket);
        clocks += ticket.clocks?.length ?? 0;
      }
    });
    fc.assert(property, { numRuns: 200 });
    expect(clocks).toBeGreaterThan(200);
  });

  it('took as long as they ran, pauses left out, and were due when that was used up', () => {
    const seen = { fulfilled: 0, paused: 0, breached: 0, carried: 0 };
    const property = fc.property(orderly, (commands) => {
      const { events } = play(commands);
      for (const start of events) {
        if (start.type !== 'SlaStarted') continue;
        const { clock, metric, targetMs, hours, elapsedMs: before = 0 } = start.data;
        const calendar = hours === 'business' ? office : roundTheClock;
        const later = events.filter(
          (event) => event.ticketId === start.ticketId && event.position > start.position,
        );
        if (before > 0) seen.carried += 1;
        let elapsed = before;
        let at = start.occurredAt;
        let category = categoryOf(start);
        for (const event of later) {
          // A breach is stamped before the event that told of it; time goes on with the others.
          if (event.type !== 'SlaBreached') {
            if (slaPhase(metric, category) === 'runs') elapsed += calendar.businessMs(at, event.occurredAt);
            at = event.occurredAt;
          }
          category = categoryOf(event);
          if (!('clock' in event.data) || event.data.clock !== clock) continue;
          if (event.type === 'SlaPaused') {
            expect(event.data.remainingMs).toBe(targetMs - elapsed);
            seen.paused += 1;
          }
          if (event.type === 'SlaResumed' && elapsed < targetMs) {
            expect(event.data.dueAt).toBe(calendar.addBusinessMs(at, targetMs - elapsed));
          }
          if (event.type === 'SlaBreached') {
            expect(event.occurredAt).toBe(event.data.dueAt);
            seen.breached += 1;
          }
          if (event.type === 'SlaFulfilled') {
            expect(event.data.elapsedMs).toBe(elapsed);
            const told = later.some((each) => each.type === 'SlaBreached' && each.data.clock === clock);
            expect(told).toBe(elapsed >= targetMs);
            seen.fulfilled += 1;
          }
          if (event.type === 'SlaFulfilled' || event.type === 'SlaCancelled') break;
        }
      }
    });
    fc.assert(property, { numRuns: 600 });
    expect(Math.min(...Object.values(seen)), JSON.stringify(seen)).toBeGreaterThan(5);
  });
});
