/** An answer of no, as a value: a code, what was tried, and what would be legal instead. */
import type { RejectionCode } from '../errors.ts';
import { type LegalCommand, legalFrom } from '../workflow/legal.ts';
import type { Workflows } from '../workflow/registry.ts';
import type { CommandType } from './commands.ts';
import type { TicketState } from './state.ts';
import type { TicketId } from './values.ts';

export interface Rejection {
  readonly status: 'rejected';
  readonly code: RejectionCode;
  /** One sentence that says what is wrong and, where it can, what would be right. */
  readonly message: string;
  readonly ticketId: TicketId | undefined;
  readonly tried: CommandType;
  /** The ticket's present state and revision; absent where there is no such ticket. */
  readonly state: string | undefined;
  readonly revision: number | undefined;
  /** The guard that does not hold, where that is the reason. */
  readonly guard: string | undefined;
  readonly legal: readonly LegalCommand[];
}

export interface Refused {
  readonly code: RejectionCode;
  readonly message: string;
  readonly tried: CommandType;
  readonly ticketId: TicketId | undefined;
  readonly guard?: string | undefined;
}

/** Completes a refusal with the ticket's state and what is legal from there. */
export function reject(refused: Refused, ticket: TicketState | undefined, workflows: Workflows): Rejection {
  const workflow = ticket === undefined ? undefined : workflows.get(ticket.workflow);
  return {
    status: 'rejected',
    code: refused.code,
    message: refused.message,
    ticketId: refused.ticketId,
    tried: refused.tried,
    state: ticket?.state,
    revision: ticket?.revision,
    guard: refused.guard,
    legal:
      ticket === undefined || workflow === undefined ? [] : legalFrom(workflow, workflows.stateOf(ticket)),
  };
}
