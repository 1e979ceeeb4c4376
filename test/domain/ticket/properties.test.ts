/** What must hold for every story, whatever the commands. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HistoryAudit } from '../../../domain/ticket/audit.ts';
import type { Command } from '../../../domain/ticket/commands.ts';
import { eventSchema, type NewEvent, type RecordedEvent } from '../../../domain/ticket/events.ts';
import { replay } from '../../../domain/ticket/evolve.ts';
import { builtInWorkflows } from '../../../domain/workflow/registry.ts';
import { arbitraryCommands } from '../../support/arbitrary-commands.ts';
import { Story } from '../../support/given.ts';

/** Plays commands and keeps what a log would: every event of every ticket, in order. */
function play(commands: readonly Command[]): { story: Story; events: RecordedEvent[]; rejected: number } {
  const story = new Story();
  const events: RecordedEvent[] = [];
  const revisions = new Map<string, number>();
  let rejected = 0;
  const keep = (ticketId: string, each: NewEvent) => {
    const revision = (revisions.get(ticketId) ?? 0) + 1;
    revisions.set(ticketId, revision);
    const position = events.length + 1;
    events.push({ ...each, ticketId, revision, partition: 0, position, recordedAt: position });
  };
  for (const [index, command] of commands.entries()) {
    const { decision } = story.when(command, `N-${index}`);
    if (decision?.status !== 'accepted') rejected += 1;
    else {
      for (const each of decision.events) keep(command.ticketId ?? '', each);
      for (const also of decision.also) for (const each of also.events) keep(also.ticketId, each);
    }
  }
  return { story, events, rejected };
}

describe('any sequence of commands', () => {
  it('replays to the same state', () => {
    fc.assert(
      fc.property(arbitraryCommands, (commands) => {
        const { story, events } = play(commands);
        for (const [ticketId, ticket] of story.tickets) {
          const own = events.filter((event) => event.ticketId === ticketId);
          expect(replay(ticketId, own)).toEqual(ticket);
          expect(ticket.revision).toBe(own.length);
        }
      }),
      { numRuns: 400 },
    );
  });

  it('makes only events that pass an audit of the whole history', () => {
    let checked = 0;
    fc.assert(
      fc.property(arbitraryCommands, (commands) => {
        const audit = new HistoryAudit(builtInWorkflows);
        const { events } = play(commands);
        expect(events.flatMap((event) => audit.check(event))).toEqual([]);
        checked += events.length;
      }),
      { numRuns: 400 },
    );
    expect(checked).toBeGreaterThan(1_000);
  });

  it('makes only events that their schema reads back unchanged', () => {
    fc.assert(
      fc.property(arbitraryCommands, (commands) => {
        for (const { type, data } of play(commands).events) {
          expect(eventSchema.parse(JSON.parse(JSON.stringify({ type, data })))).toEqual({ type, data });
        }
      }),
      { numRuns: 200 },
    );
  });

  it('is refused in part, and what is refused changes nothing', () => {
    fc.assert(
      fc.property(arbitraryCommands, (commands) => {
        const story = new Story();
        for (const [index, command] of commands.entries()) {
          const before = new Map(story.tickets);
          const { decision } = story.when(command, `N-${index}`);
          if (decision?.status === 'rejected') expect(story.tickets).toEqual(before);
        }
      }),
      { numRuns: 100 },
    );
  });
});

describe('an audit', () => {
  // A fixed seed, and of its stories the one with the longest history.
  const stories = fc.sample(arbitraryCommands, { numRuns: 200, seed: 7 });
  const events = stories.map((each) => play(each).events).sort((a, b) => b.length - a.length)[0] ?? [];
  const problemsOf = (history: readonly RecordedEvent[]) => {
    const audit = new HistoryAudit(builtInWorkflows);
    return history.flatMap((event) => audit.check(event));
  };

  it('finds nothing in a sound history', () => {
    expect(events.length).toBeGreaterThan(7);
    expect(problemsOf(events)).toEqual([]);
  });

  it('finds an event that is missing, doubled or out of order', () => {
    expect(problemsOf(events.toSpliced(5, 1))).not.toEqual([]);
    expect(problemsOf(events.toSpliced(5, 0, ...events.slice(5, 6)))).not.toEqual([]);
    const swapped = events.with(5, events[6] as RecordedEvent).with(6, events[5] as RecordedEvent);
    expect(problemsOf(swapped)).not.toEqual([]);
  });

  it('finds a state that the rules do not lead to, and a clock that ran backwards', () => {
    const last = events.at(-1) as RecordedEvent;
    expect(problemsOf(events.with(-1, { ...last, state: 'closed/assigned/L3' }))).toHaveLength(1);
    expect(problemsOf(events.with(-1, { ...last, recordedAt: -1 }))).toHaveLength(1);
    expect(problemsOf(events.with(-1, { ...last, workflow: 'gone@9' }))).toHaveLength(1);
  });
});
