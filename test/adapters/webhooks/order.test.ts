/**
 * Deliveries come late, twice and in any order, and the ticket ends as the newest of them says. One thing
 * can not be undone by any later word: a ticket that was taken up is `open`, and not `new` again. So a ticket
 * that nobody has is compared by what is not `new` or `open` of it.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lifecycleOf } from '../../../domain/ticket/evolve.ts';
import type { TicketState } from '../../../domain/ticket/state.ts';
import { openDesk } from './desk.ts';

const runs = 40;
const start = Date.parse('2026-03-02T10:00:00Z');
const time = (step: number) => new Date(start + step * 60_000).toISOString().replace('.000Z', 'Z');

const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null, freq: 3 });
const agent = maybe(fc.constantFrom('11', '12'));

const zendeskSnapshot = fc.record({
  status: fc.constantFrom('NEW', 'OPEN', 'PENDING', 'HOLD', 'SOLVED', 'CLOSED'),
  assignee_id: agent,
  group_id: maybe(fc.constantFrom('21', '22')),
  priority: maybe(fc.constantFrom('LOW', 'HIGH')),
  subject: fc.constantFrom('Printer', 'Printer again'),
  tags: fc.subarray(['a', 'b']),
  comment: fc.boolean(),
});

function zendesk(snapshots: readonly (typeof zendeskSnapshot extends fc.Arbitrary<infer S> ? S : never)[]) {
  return snapshots.map(({ comment, ...detail }, index) => ({
    id: `event-${index}`,
    time: time(index + 1),
    type: `zen:event-type:ticket.${comment ? 'comment_added' : 'status_changed'}`,
    detail: { id: '7', created_at: time(0), requester_id: '1', actor_id: '11', ...detail },
    event: comment
      ? {
          comment: {
            id: index,
            body: `comment ${index}`,
            is_public: true,
            author: { id: '11', is_staff: true },
          },
        }
      : {},
  }));
}

const githubSnapshot = fc.record({
  action: fc.constantFrom('opened', 'edited', 'closed', 'reopened', 'labeled', 'assigned', 'comment'),
  state: fc.constantFrom('open', 'closed'),
  assignee: maybe(fc.constantFrom('ana', 'bo')),
  title: fc.constantFrom('Spelling', 'Spelling error'),
  labels: fc.subarray(['bug', 'help']),
});

function github(snapshots: readonly (typeof githubSnapshot extends fc.Arbitrary<infer S> ? S : never)[]) {
  return snapshots.map(({ action, state, assignee, title, labels }, index) => {
    const issue = {
      number: 42,
      title,
      user: { login: 'rita' },
      labels: labels.map((name) => ({ name })),
      state,
      assignee: assignee === null ? null : { login: assignee },
      created_at: time(0),
      updated_at: time(index + 1),
    };
    const rest = { issue, repository: { id: 1 }, sender: { login: 'ana' } };
    if (action !== 'comment') return { action, ...rest };
    const comment = {
      id: index,
      user: { login: 'bo' },
      created_at: time(index + 1),
      body: `comment ${index}`,
    };
    return { action: 'created', comment, ...rest };
  });
}

/** What a ticket ended as, and how often each comment is on it. */
async function endOf(source: string, ticketId: string, deliveries: readonly object[]) {
  const desk = await openDesk();
  for (const delivery of deliveries) await desk.send(source, delivery);
  const ticket = await desk.ticket(ticketId);
  if (ticket === undefined) throw new Error('the ticket was not opened');
  const events = await desk.log.readTicket(ticketId);
  const comments = events.flatMap((event) => (event.type === 'CommentAdded' ? [event.data.body] : []));
  const letters = desk.letters.all().map(({ problem }) => problem);
  return { ticket: compared(ticket), comments: comments.sort(), letters, reported: desk.reported };
}

function compared({ state, assignee, group, requester, hold, fields, openedAt }: TicketState) {
  const lifecycle = lifecycleOf(state);
  return {
    lifecycle: lifecycle === 'new' ? 'open' : lifecycle,
    assignee,
    group,
    requester,
    hold: hold?.reason,
    fields,
    openedAt,
  };
}

const cases = [
  {
    source: 'zendesk',
    ticketId: 'ZD-7',
    made: fc.array(zendeskSnapshot, { minLength: 1, maxLength: 6 }).map(zendesk),
  },
  {
    source: 'github',
    ticketId: 'GH-1-42',
    made: fc.array(githubSnapshot, { minLength: 1, maxLength: 6 }).map(github),
  },
] as const;

describe('deliveries in any order and number', () => {
  it.each(cases)('of $source end in the same ticket', async ({ source, ticketId, made }) => {
    const shuffled = made.chain((deliveries: readonly object[]) =>
      fc.record({
        deliveries: fc.constant(deliveries),
        extra: fc.array(fc.nat(deliveries.length - 1), { maxLength: 3 }),
        seed: fc.shuffledSubarray(
          deliveries.map((_, index) => index),
          { minLength: deliveries.length },
        ),
        places: fc.array(fc.nat(20), { minLength: 3, maxLength: 3 }),
      }),
    );
    await fc.assert(
      fc.asyncProperty(shuffled, async ({ deliveries, extra, seed, places }) => {
        const order = [...seed];
        for (const [at, index] of extra.entries()) {
          order.splice((places[at] ?? 0) % (order.length + 1), 0, index);
        }
        const arrived = order.flatMap((index) => deliveries[index] ?? []);
        const [inOrder, anyhow] = [
          await endOf(source, ticketId, deliveries),
          await endOf(source, ticketId, arrived),
        ];
        expect(anyhow).toEqual(inOrder);
        expect(anyhow.letters).toEqual([]);
      }),
      { numRuns: runs },
    );
  });
});
