/** Given / when / then for the decider: given what was accepted before, when a command comes, then what. */
import { expect } from 'vitest';
import type { SlaRules } from '../../domain/sla/policies.ts';
import { type Command, commandSchema } from '../../domain/ticket/commands.ts';
import { decide } from '../../domain/ticket/decide.ts';
import type { Decision } from '../../domain/ticket/decision.ts';
import type { TicketEvent } from '../../domain/ticket/events.ts';
import { evolve } from '../../domain/ticket/evolve.ts';
import type { TicketState } from '../../domain/ticket/state.ts';
import type { Role } from '../../domain/ticket/values.ts';
import { builtInWorkflows, defaultWorkflow } from '../../domain/workflow/registry.ts';
import { actor, monday9 } from './tickets.ts';

/** A command as short as a test wants it: type, data, who, and when in hours after Monday 09:00. */
export function command(type: Command['type'], data: object = {}, by: Role = 'agent', hours = 0): Command {
  return commandSchema.parse({
    type,
    ticketId: 'T-1',
    data,
    actor: actor(by),
    occurredAt: monday9 + hours * 3_600_000,
  });
}

/** Other tickets are kept in `others`, so that merges and links can be told as stories too. */
export class Story {
  /** What the tickets of the story are promised; nothing unless a test sets it. */
  sla: SlaRules | undefined;
  readonly tickets = new Map<string, TicketState>();
  #last: Decision | undefined;

  static given(...commands: readonly Command[]): Story {
    return Story.promised(undefined, ...commands);
  }

  static promised(sla: SlaRules | undefined, ...commands: readonly Command[]): Story {
    const story = new Story();
    story.sla = sla;
    for (const each of commands) {
      story.when(each);
      expect(story.#last, `given ${each.type}`).toMatchObject({ status: 'accepted' });
    }
    return story;
  }

  when(each: Command, newTicketId?: string): this {
    const ticketId = each.ticketId ?? 'T-1';
    const stamped = {
      ...each,
      ticketId,
      occurredAt: each.occurredAt ?? monday9,
      commandDigest: undefined,
      newTicketId,
    };
    const decision = decide({
      ticket: this.tickets.get(ticketId),
      command: stamped,
      others: this.tickets,
      workflows: builtInWorkflows,
      defaultWorkflow,
      sla: this.sla,
    });
    this.#last = decision;
    if (decision.status === 'rejected') return this;
    for (const { ticketId: id, events } of [{ ticketId, events: decision.events }, ...decision.also]) {
      for (const event of events) this.tickets.set(id, evolve(this.tickets.get(id), event, id));
    }
    return this;
  }

  /** The events of the last command on its own ticket, by type and data; and the state it led to. */
  thenEvents(events: readonly TicketEvent[], state?: string): this {
    expect(this.#last).toMatchObject({ status: 'accepted' });
    if (this.#last?.status !== 'accepted') return this;
    expect(this.#last.events.map(({ type, data }) => ({ type, data }))).toEqual(events);
    if (state !== undefined) expect(this.#last.events.at(-1)?.state).toBe(state);
    return this;
  }

  thenRejected(code: string, message?: RegExp): this {
    expect(this.#last).toMatchObject({ status: 'rejected', code });
    if (message !== undefined) expect(this.#last).toMatchObject({ message: expect.stringMatching(message) });
    return this;
  }

  get decision(): Decision | undefined {
    return this.#last;
  }

  ticket(id = 'T-1'): TicketState {
    const found = this.tickets.get(id);
    if (found === undefined) throw new Error(`the story has no ticket ${id}`);
    return found;
  }
}
