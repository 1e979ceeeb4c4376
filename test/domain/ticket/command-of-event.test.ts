/** The way back from events to commands: decided again, each makes the events it came from, and no others. */
import { expect, test } from 'vitest';
import { comesWith, commandOfEvents } from '../../../domain/ticket/command-of-event.ts';
import type { RecordedEvent } from '../../../domain/ticket/events.ts';
import { commandOf, Recorder, randomHistory } from '../../projections/histories.ts';
import { monday9 } from '../../support/tickets.ts';

/** The events of each command. */
function groupsOf(events: readonly RecordedEvent[]): RecordedEvent[][] {
  const groups: RecordedEvent[][] = [];
  for (const event of events) {
    const last = groups.at(-1);
    if (last !== undefined && comesWith(event, last)) last.push(event);
    else groups.push([event]);
  }
  return groups;
}

function told(events: readonly RecordedEvent[]): unknown[] {
  return events.map(({ recordedAt: _, ...event }) => JSON.parse(JSON.stringify(event)));
}

test('every event of a history goes back to a command that makes it again', () => {
  const history = randomHistory({ seed: 7, events: 2_000, liveTickets: 30 });
  const again = new Recorder();
  for (const group of groupsOf(history)) {
    const command = commandOfEvents(group);
    if (typeof command === 'string') throw new Error(command);
    const before = again.events.length;
    expect(again.submit(command), JSON.stringify(command)).toBe(true);
    expect(again.events.length - before).toBe(group.length);
  }
  expect(told(again.events)).toEqual(told(history));
});

test('both halves of a merge, and all that opening a ticket made under one command id, go back together', () => {
  const recorder = new Recorder();
  const open = (ticketId: string, data: object) =>
    recorder.submit({
      ...commandOf(ticketId, 'OpenTicket', 'requester', data, monday9),
      commandId: `open-${ticketId}`,
    });
  open('A', { group: 'desk', agent: 'ada' });
  open('B', {});
  recorder.submit(commandOf('A', 'MergeTicket', 'agent', { into: 'B' }, monday9));
  const groups = groupsOf(recorder.events);
  expect(groups.map((group) => group.map(({ type }) => type))).toEqual([
    ['TicketOpened', 'TicketQueued', 'TicketAssigned'],
    ['TicketOpened'],
    ['TicketMerged', 'TicketAbsorbed'],
  ]);
  expect(commandOfEvents(groups[0] ?? [])).toMatchObject({
    type: 'OpenTicket',
    commandId: 'open-A',
    workflow: 'support@1',
    expectedRevision: 0,
    data: { group: 'desk', agent: 'ada' },
  });
  const [merged, absorbed] = groups[2] ?? [];
  expect(commandOfEvents(merged === undefined ? [] : [merged])).toMatch(/^TicketMerged is half of what/);
  expect(commandOfEvents(absorbed === undefined ? [] : [absorbed])).toMatch(/command of another ticket/);
});
