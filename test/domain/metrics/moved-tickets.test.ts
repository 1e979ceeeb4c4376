/** Tickets of workflows given as data are measured by category too, whichever event moves them. */
import { expect, it } from 'vitest';
import { monday9 } from '../../support/tickets.ts';
import { timeline } from './timelines.ts';

const hour = 3_600_000;

it('a move resolves a ticket by its category, and takes its labels along', () => {
  const moved = timeline([
    [monday9, 'new', { type: 'TicketOpened', data: { fields: { priority: 'low' } } }],
    [monday9 + hour, 'open', { type: 'TicketMoved', data: { to: 'Check', fields: { priority: 'high' } } }],
    [
      monday9 + 3 * hour,
      'resolved',
      { type: 'TicketMoved', data: { to: 'Paid', fields: { category: 'fine' } } },
    ],
  ]);
  expect(moved.labels).toEqual({ workflow: 'support@1', priority: 'high', category: 'fine' });
  expect(moved.resolution).toMatchObject({ firstResolvedAt: monday9 + 3 * hour });
});
