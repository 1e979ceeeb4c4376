/**
 * Checks a history event by event: positions and revisions without gaps, commit times that never run
 * backwards, and every transition legal under the rules that the event itself names. It decides nothing and
 * stops at nothing: each problem is reported, and the ticket goes on from what the event says.
 */

import { type SlaEvent, slaProblem } from '../sla/audit-clocks.ts';
import { isSlaEvent } from '../sla/clock.ts';
import type { Workflows } from '../workflow/registry.ts';
import { isRefusal, step } from '../workflow/table.ts';
import { eventOfTransition, isTransitionType, type TransitionRequest } from '../workflow/transition.ts';
import type { RecordedEvent } from './events.ts';
import { evolve } from './evolve.ts';
import { childrenOf } from './other-tickets.ts';
import type { TicketState } from './state.ts';
import type { TicketId } from './values.ts';

export interface HistoryProblem {
  readonly position: number;
  readonly ticketId: TicketId;
  readonly revision: number;
  readonly problem: string;
}

const beginning = { position: 0, recordedAt: Number.NEGATIVE_INFINITY, ticketId: '' };

/** For one whole history, from position 1. Remembers each ticket's state, but not its fields. */
export class HistoryAudit {
  readonly #workflows: Workflows;
  readonly #tickets = new Map<TicketId, TicketState>();
  readonly #heads = new Map<number, Pick<RecordedEvent, 'position' | 'recordedAt' | 'ticketId'>>();

  constructor(workflows: Workflows) {
    this.#workflows = workflows;
  }

  get tickets(): number {
    return this.#tickets.size;
  }

  /** The problems of the next event; none for a sound one. */
  check(event: RecordedEvent): readonly HistoryProblem[] {
    const { position, ticketId, revision } = event;
    const found = [...this.#order(event), ...this.#legality(event)];
    return found.map((problem) => ({ position, ticketId, revision, problem }));
  }

  #order(event: RecordedEvent): string[] {
    const head = this.#heads.get(event.partition) ?? beginning;
    const found: string[] = [];
    if (event.position !== head.position + 1) found.push(`follows position ${head.position}`);
    if (event.recordedAt < head.recordedAt) found.push('was recorded before the event that precedes it');
    // A breach may also be all that its command says.
    if (isSlaEvent(event) && event.type !== 'SlaBreached' && head.ticketId !== event.ticketId) {
      found.push('does not follow its cause, an event of the same ticket');
    }
    const { position, recordedAt, ticketId } = event;
    this.#heads.set(event.partition, { position, recordedAt, ticketId });
    const revision = this.#tickets.get(event.ticketId)?.revision ?? 0;
    if (event.revision !== revision + 1) found.push(`follows revision ${revision} of its ticket`);
    return found;
  }

  #legality(event: RecordedEvent): string[] {
    const { ticketId } = event;
    const before = this.#tickets.get(ticketId);
    const workflow = this.#workflows.find(event.workflow);
    if (workflow === undefined) return [`names the workflow ${event.workflow}, which is not known here`];
    if (before === undefined && event.type !== 'TicketOpened')
      return [`${event.type} on a ticket that was never opened`];
    const problem = before === undefined ? undefined : this.#transition(before, event);
    this.#tickets.set(ticketId, { ...evolve(before, event, ticketId), revision: event.revision, fields: {} });
    if (before === undefined && event.state !== workflow.initial.key) {
      return [`opens in ${event.state}, not in ${workflow.initial.key}`];
    }
    return problem === undefined ? [] : [problem];
  }

  #transition(before: TicketState, event: RecordedEvent): string | undefined {
    if (isSlaEvent(event)) return slaProblem(before, event);
    const request = requestOf(event);
    if (request === undefined) return `${event.type} on a ticket that is already open`;
    const workflow = this.#workflows.get(event.workflow);
    const from = workflow.stateByKey.get(before.state);
    if (from === undefined) return `comes from ${before.state}, which ${workflow.id} does not have`;
    const to = step(from, { ticket: before, request, others: this.#others(before, request) });
    if (isRefusal(to)) return `${request.type} is not legal from ${before.state}: ${to.code}`;
    return to.key === event.state
      ? undefined
      : `leads from ${before.state} to ${to.key}, not to ${event.state}`;
  }

  #others(ticket: TicketState, request: TransitionRequest) {
    const ids = request.type === 'MergeTicket' ? [request.data.into] : childrenOf(ticket);
    return new Map(
      ids.flatMap((id) => {
        const other = this.#tickets.get(id);
        if (other === undefined) return [];
        const { category, final } = this.#workflows.stateOf(other);
        return [[id, { final, resolved: final || category === 'resolved' }]];
      }),
    );
  }
}

const transitionOfEvent = new Map<string, string>(
  Object.entries(eventOfTransition).map(([transition, event]) => [event, transition]),
);

/** The request that an event once answered; `undefined` for `TicketOpened`. */
function requestOf(event: Exclude<RecordedEvent, SlaEvent>): TransitionRequest | undefined {
  const type = event.type === 'TicketOpened' ? undefined : transitionOfEvent.get(event.type);
  if (type === undefined || !isTransitionType(type)) return undefined;
  const { data, actor, onBehalfOf, occurredAt } = event;
  // An event's data has all that its command's guards look at: transitions and events are one to one.
  return { type, data, actor, onBehalfOf, occurredAt } as TransitionRequest;
}
