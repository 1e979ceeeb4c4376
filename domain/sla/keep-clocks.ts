/**
 * Adds to a decision what it does to SLA clocks, so that cause and consequence are committed together. Clock
 * events stand behind their cause, carry its command and where it came from, and are the desk's own doing.
 */
import type { TicketAppend } from '../ports.ts';
import { type Acceptance, type DecisionInput, record } from '../ticket/decision.ts';
import type { NewEvent } from '../ticket/events.ts';
import { evolve } from '../ticket/evolve.ts';
import type { TicketState } from '../ticket/state.ts';
import type { Actor, TicketId } from '../ticket/values.ts';
import type { WorkflowState } from '../workflow/table.ts';
import type { SlaRules } from './policies.ts';
import { slaEvents } from './sla-events.ts';

const desk: Actor = { id: 'docket', role: 'system' };

/** The decision with the clock events of its own ticket, and of a ticket that it opens beside it. */
export function keepClocks(input: DecisionInput, decision: Acceptance, rules: SlaRules): Acceptance {
  const { ticket, command, workflows } = input;
  if (decision.events.length === 0) return decision;
  const before = ticket === undefined ? undefined : (input.at ?? workflows.stateOf(ticket));
  const events = withClocks(input, rules, command.ticketId, decision.events, ticket, before, decision.at);
  const also = decision.also.map((append): TicketAppend => {
    // Of a ticket that takes another one in, neither category nor comments change.
    if (append.expectedRevision > 0) return append;
    const opened = after(undefined, append.events, append.ticketId);
    const at = workflows.stateOf(opened);
    return {
      ...append,
      events: withClocks(input, rules, append.ticketId, append.events, undefined, undefined, at),
    };
  });
  return { ...decision, events, also };
}

function withClocks(
  { command }: DecisionInput,
  rules: SlaRules,
  ticketId: TicketId,
  events: readonly NewEvent[],
  before: TicketState | undefined,
  from: WorkflowState | undefined,
  to: WorkflowState,
): readonly NewEvent[] {
  const found = slaEvents(rules, {
    before,
    after: after(before, events, ticketId),
    categoryBefore: from?.category,
    category: to.category,
    events,
    at: command.occurredAt,
  });
  if (found.length === 0) return events;
  const { commandId, correlationId, causationId, source } = command;
  const envelope = { actor: desk, onBehalfOf: undefined, commandId, correlationId, causationId, source };
  const clocks = found.map(({ event, at }) =>
    record({ ...envelope, commandDigest: undefined, occurredAt: at }, to.workflowId, to.key, event),
  );
  return [...events, ...clocks];
}

function after(
  before: TicketState | undefined,
  events: readonly NewEvent[],
  ticketId: TicketId,
): TicketState {
  let ticket = before;
  for (const event of events) ticket = evolve(ticket, event, ticketId);
  if (ticket === undefined) throw new Error(`bug: a decision on ${ticketId} was accepted without events`);
  return ticket;
}
