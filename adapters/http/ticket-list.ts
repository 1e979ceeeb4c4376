/**
 * One page of a list of tickets for one caller. The database finds rows; here each is looked at by its
 * caller's guard, and what may not be shown is left out, with more rows fetched in its place.
 *
 * What a caller may not see must not show in which tickets are listed either: not by a filter, not by the
 * order, not by words that are found. So there are no totals, and a page may come short.
 */
import type { Guard, TicketView } from '../../domain/access/guard.ts';
import { Fault } from '../../domain/errors.ts';
import type { Workflows } from '../../domain/workflow/registry.ts';
import type { ListedTicket, ListQuestion } from '../../projections/ticket-list.ts';
import type { ListKey } from '../../projections/ticket-list-order.ts';
import type { TicketListReader } from './context.ts';
import type { HttpLimits } from './limits.ts';
import { dependsOn } from './list-question.ts';
import { problem, RequestRefused } from './problem.ts';

export interface SeenTicket {
  readonly listed: ListedTicket;
  readonly view: TicketView;
}

export interface SeenPage {
  /** The position of the oldest of the rows that were fetched: all of them are true at it, or later. */
  readonly position: number;
  readonly tickets: readonly SeenTicket[];
  /** The place to go on from; `undefined` where there is nothing more. */
  readonly next: ListKey | undefined;
}

export interface PageAsked {
  readonly question: ListQuestion;
  readonly after: ListKey | undefined;
  readonly limit: number;
  readonly guard: Guard;
}

export interface TicketListsParts {
  readonly ticketList: TicketListReader;
  readonly workflows: Workflows;
  readonly limits: Pick<HttpLimits, 'listRoundsMax' | 'listRowsPerRound' | 'listsAtOnceMax'>;
}

export class TicketLists {
  readonly #parts: TicketListsParts;
  #beingMade = 0;

  constructor(parts: TicketListsParts) {
    this.#parts = parts;
  }

  /**
   * Throws `access_denied` for a question about what the caller may see on no ticket, `answer_timeout` where
   * the database takes too long, and `Fault('overloaded')` where too many lists are being made.
   */
  async page(asked: PageAsked): Promise<SeenPage> {
    const { listsAtOnceMax } = this.#parts.limits;
    const hidden = dependsOn(asked.question).find((name) => !asked.guard.mayEverShow(name));
    if (hidden !== undefined) {
      const detail = `you may not see ${hidden}, so tickets can not be chosen or ordered by it`;
      throw new RequestRefused(problem('access_denied', detail));
    }
    if (this.#beingMade >= listsAtOnceMax) {
      throw new Fault('overloaded', `${listsAtOnceMax} lists are being made; try again later`);
    }
    this.#beingMade += 1;
    try {
      return await (asked.guard.readsAll ? this.#wholePage(asked) : this.#seenPage(asked));
    } catch (error) {
      throw isCancelled(error) ? tooSlow() : error;
    } finally {
      this.#beingMade -= 1;
    }
  }

  /** For a caller who may see everything, one row more tells whether there is a next page. */
  async #wholePage({ question, after, limit, guard }: PageAsked): Promise<SeenPage> {
    const wanted = { after, limit: limit + 1, leavesOut: true };
    const { position, tickets } = await this.#parts.ticketList.page(question, wanted);
    const seen = tickets.slice(0, limit).flatMap((listed) => seenBy(guard, listed));
    const last = tickets.length > limit ? tickets[limit - 1] : undefined;
    return { position, tickets: seen, next: last?.key };
  }

  async #seenPage({ question, after, limit, guard }: PageAsked): Promise<SeenPage> {
    const { ticketList, limits } = this.#parts;
    const rows = Math.max(limit + 1, limits.listRowsPerRound);
    const needed = dependsOn(question);
    const shown: SeenTicket[] = [];
    let next = after;
    let position = Number.POSITIVE_INFINITY;
    for (let round = 0; round < limits.listRoundsMax; round += 1) {
      const page = await ticketList.page(question, { after: next, limit: rows, leavesOut: false });
      position = Math.min(position, page.position);
      const seen = await this.#answering(
        question.words,
        page.tickets
          .flatMap((listed) => seenBy(guard, listed))
          .filter(({ view }) => needed.every((name) => view.shows(name))),
      );
      const room = limit - shown.length;
      shown.push(...seen.slice(0, room));
      if (seen.length > room) return { position, tickets: shown, next: shown.at(-1)?.listed.key };
      if (page.tickets.length < rows) return { position, tickets: shown, next: undefined };
      next = page.tickets.at(-1)?.key;
      if (shown.length === limit) break;
    }
    return { position, tickets: shown, next };
  }

  /** The tickets in which the words are found by what may be seen of them. */
  async #answering(words: string | undefined, seen: readonly SeenTicket[]): Promise<readonly SeenTicket[]> {
    if (words === undefined || seen.length === 0) return seen;
    const visible = seen.map(({ listed: { ticket }, view }) => ({
      ticketId: ticket.ticketId,
      fields: Object.fromEntries(Object.entries(ticket.fields).filter(([name]) => view.shows(name))),
      publicComments: view.shows('comment'),
      internalComments: view.shows('note'),
    }));
    const answering = await this.#parts.ticketList.answeringVisibly(words, visible);
    return seen.filter(({ listed }) => answering.has(listed.ticket.ticketId));
  }
}

function seenBy(guard: Guard, listed: ListedTicket): readonly SeenTicket[] {
  const view = guard.view(listed.ticket);
  return view === undefined ? [] : [{ listed, view }];
}

/** PostgreSQL's code for a statement that ran longer than it may. */
const queryCanceled = '57014';

function isCancelled(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === queryCanceled;
}

function tooSlow(): RequestRefused {
  const detail =
    'finding these tickets took too long: ask for fewer, by a period, a requester or rarer words';
  return new RequestRefused(problem('answer_timeout', detail));
}
