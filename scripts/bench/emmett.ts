/** Emmett's PostgreSQL event store by itself, in more ways than other sections measure it beside Docket. */
import { Emmett, emmettBulkEvents, emmettClients } from './emmett-store.ts';
import { figureOf } from './figures.ts';
import type { Section } from './report.ts';
import { Turns } from './turns.ts';
import type { Bench } from './workspace.ts';

export async function emmettSection(bench: Bench): Promise<Section> {
  const { rounds, turnMs, signal } = bench;
  const emmett = await Emmett.open(bench);
  try {
    const turns = new Turns();
    const ways = {
      'append-1-client': ['append 1 event, 1 client', turns.add(() => emmett.appended(1, turnMs))],
      'append-20-clients': [
        `append 1 event, ${emmettClients} clients`,
        turns.add(() => emmett.appended(emmettClients, turnMs)),
      ],
      'append-bulk': [
        `append ${emmettBulkEvents} events, 1 client`,
        turns.add(() => emmett.appendedInBulk(turnMs)),
      ],
      'handle-1-client': ['command handler, 1 client', turns.add(() => emmett.handled(1, turnMs))],
      'handle-20-clients': [
        `command handler, ${emmettClients} clients`,
        turns.add(() => emmett.handled(emmettClients, turnMs)),
      ],
    } as const;
    await turns.run(rounds, signal);
    return {
      title: '5. emmett: @event-driven-io/emmett-postgresql, same PostgreSQL and machine',
      figures: Object.entries(ways).map(([id, [what, measured]]) =>
        figureOf({
          id: `emmett-${id}`,
          role: 'peer',
          what,
          unit: 'events/s',
          rounds: measured,
          conditions: `${turnMs / 1_000} s a round, one stream per ticket; closed loops in this process`,
        }),
      ),
      notes: ['events are counted in the table of the store'],
    };
  } finally {
    await emmett.close();
  }
}
