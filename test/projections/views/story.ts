/**
 * Six tickets of one week, by hand, so that every view can be checked against figures worked out on paper.
 * Times are hours after Monday, 2 March 2026, 09:00 UTC: Monday ends at 15, Tuesday at 39, Wednesday at 63.
 */
import { expect } from 'vitest';
import type { Command } from '../../../domain/ticket/commands.ts';
import type { RecordedEvent } from '../../../domain/ticket/events.ts';
import type { Role } from '../../../domain/ticket/values.ts';
import { monday9 } from '../../support/tickets.ts';
import { commandOf, Recorder } from '../histories.ts';

export const hour = 3_600_000;

/** An instant of the story as SQL takes it. */
export const at = (hours: number) => new Date(monday9 + hours * hour).toISOString();

type Said = readonly [type: Command['type'], role: Role, data: object];
type Line = readonly [ticket: string, hours: number, ...said: Said];

const opened = (requester: string, category: string, priority?: string): Said => {
  const fields = priority === undefined ? { category } : { category, priority };
  return ['OpenTicket', 'requester', { requester, fields }];
};
const assigned = (agent: string, group: string): Said => ['AssignTicket', 'lead', { agent, group }];
const comment = { body: 'Which lamp?', public: true };
const resolved: Said = ['ResolveTicket', 'agent', { code: 'fixed', notes: 'New bulb.' }];

const lines: readonly Line[] = [
  // A plain one: asked back once, confirmed.
  ['T-1', 0, ...opened('rita', 'lamp', 'high')],
  ['T-1', 1, ...assigned('ada', 'desk')],
  ['T-1', 2, 'AwaitRequester', 'agent', { comment }],
  ['T-1', 10, 'RecordRequesterReply', 'requester', { body: 'The big one.' }],
  ['T-1', 12, ...resolved],
  ['T-1', 14, 'ConfirmResolution', 'requester', {}],
  // There and back between two agents and groups; reopened at the minute in which Monday ends in New York.
  ['T-2', 1, ...opened('bob', 'lamp', 'low')],
  ['T-2', 2, ...assigned('ada', 'desk')],
  ['T-2', 3, ...assigned('bea', 'network')],
  ['T-2', 5, ...assigned('ada', 'desk')],
  ['T-2', 6, ...resolved],
  ['T-2', 20, 'ReopenTicket', 'requester', { reason: 'Dark again.' }],
  ['T-2', 40, ...resolved],
  // The requester of the first one again, two days after its resolution; nobody has it yet.
  ['T-3', 60, ...opened('rita', 'lamp', 'high')],
  // Two that were answered once and resolved.
  ['T-4', 50, ...opened('carl', 'switch', 'low')],
  ['T-4', 51, ...assigned('bea', 'network')],
  ['T-4', 52, 'AddComment', 'agent', comment],
  ['T-4', 53, ...resolved],
  ['T-6', 52, ...opened('eve', 'switch', 'low')],
  ['T-6', 53, ...assigned('bea', 'network')],
  ['T-6', 54, 'AddComment', 'agent', comment],
  ['T-6', 58, ...resolved],
  // A mistake.
  ['T-5', 70, ...opened('dora', 'lamp')],
  ['T-5', 71, 'CancelTicket', 'lead', { reason: 'spam' }],
];

/** Recorded half an hour before `now`, but for the last event, which is recorded at `now`. */
export function story(now: number): readonly RecordedEvent[] {
  const recorder = new Recorder();
  recorder.now = now - 30 * 60_000;
  for (const [index, [ticket, hours, ...said]] of lines.entries()) {
    if (index === lines.length - 1) recorder.now = now;
    const accepted = recorder.submit(commandOf(ticket, ...said, monday9 + hours * hour));
    expect(accepted, `${ticket} ${said[0]}`).toBe(true);
  }
  return recorder.events;
}
