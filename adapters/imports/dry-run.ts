/**
 * Tries a row's commands on the importer's own picture of the ticket, with the domain's own rules, before
 * anything is sent: a row whose commands are not all legal is refused as a whole. Each command carries the
 * revision it was tried at, so that the engine refuses it where Docket holds something else.
 *
 * It must never send anything, and never change a command to make it legal.
 */
import { type Command, type CommandOf, commandSchema } from '../../domain/ticket/commands.ts';
import { decide } from '../../domain/ticket/decide.ts';
import { evolve } from '../../domain/ticket/evolve.ts';
import type { TicketState } from '../../domain/ticket/state.ts';
import type { Actor, EpochMs, TicketId } from '../../domain/ticket/values.ts';
import type { Workflows } from '../../domain/workflow/registry.ts';
import { kindOf, legalNames, type Refusal } from './refusal.ts';

type DraftType =
  | 'OpenTicket'
  | 'StartWork'
  | 'ResumeTicket'
  | 'ReopenTicket'
  | 'HoldTicket'
  | 'AwaitRequester'
  | 'ResolveTicket'
  | 'ConfirmResolution'
  | 'CloseTicket'
  | 'CancelTicket'
  | 'AssignTicket'
  | 'QueueTicket'
  | 'UnassignTicket'
  | 'ChangeFields'
  | 'MoveTicket';

/** A command without its envelope. */
export type Draft = {
  [T in DraftType]: { readonly type: T; readonly data: CommandOf<T>['data'] };
}[DraftType];

/** One command of a row and the picture before and after it. */
export interface Step {
  readonly command: Command;
  readonly before: TicketState | undefined;
  readonly after: TicketState;
}

export interface DryRunOptions {
  readonly ticketId: TicketId;
  /** The picture before the row; none for a ticket that is still to be opened. */
  readonly ticket: TicketState | undefined;
  /** Commands are called this and their number in the row, the same in every run. */
  readonly idPrefix: string;
  readonly actor: Actor;
  readonly onBehalfOf: Actor | undefined;
  readonly source: string;
  readonly workflows: Workflows;
  /** For tickets that the row opens. */
  readonly workflow: string;
  /**
   * Parsing every command is a third of an import's cost: only rows with a new id or a long text need it.
   */
  readonly mayBeMalformed: boolean;
}

/** Applies commands to the picture, one after the other. */
export class DryRun {
  readonly steps: Step[] = [];
  ticket: TicketState | undefined;
  readonly #options: DryRunOptions;

  constructor(options: DryRunOptions) {
    this.#options = options;
    this.ticket = options.ticket;
  }

  /** The refusal, if any; it tells the state before the row, which Docket still holds. */
  take(draft: Draft, occurredAt: EpochMs): Refusal | undefined {
    const { ticketId, workflows, workflow } = this.#options;
    const command = this.#commandOf(draft, occurredAt);
    const malformed = this.#options.mayBeMalformed ? malformation(command) : undefined;
    if (malformed !== undefined) {
      return this.#refused({ code: 'invalid_command', ...malformed, tried: draft.type });
    }
    const stamped = { ...command, ticketId, occurredAt, commandDigest: undefined, newTicketId: undefined };
    const decision = decide({
      ticket: this.ticket,
      command: stamped,
      others: noOthers,
      workflows,
      defaultWorkflow: workflow,
    });
    if (decision.status === 'rejected') {
      const { code, message: reason, tried } = decision;
      return this.#refused({ code, kind: kindOf(decision), reason, tried });
    }
    const before = this.ticket;
    let after = before;
    for (const event of decision.events) after = evolve(after, event, ticketId);
    if (after !== undefined && after !== before) this.steps.push({ command, before, after });
    this.ticket = after;
    return undefined;
  }

  #commandOf(draft: Draft, occurredAt: EpochMs): Command {
    const { ticketId, idPrefix, actor, onBehalfOf, source, workflow } = this.#options;
    const envelope = {
      ticketId,
      commandId: `${idPrefix}:${this.steps.length + 1}`,
      occurredAt,
      actor,
      ...(onBehalfOf === undefined ? {} : { onBehalfOf }),
      source,
    };
    if (draft.type === 'OpenTicket') return { ...envelope, workflow, ...draft };
    return { ...envelope, expectedRevision: this.ticket?.revision ?? 0, ...draft };
  }

  #refused(what: Pick<Refusal, 'code' | 'kind' | 'reason' | 'tried'>): Refusal {
    const { ticket, workflows } = this.#options;
    const legal = legalNames(ticket, workflows);
    return { status: 'refused', column: undefined, state: ticket?.state, legal, ...what };
  }
}

function malformation(command: Command): Pick<Refusal, 'kind' | 'reason'> | undefined {
  const parsed = commandSchema.safeParse(command);
  const issue = parsed.error?.issues[0];
  if (issue === undefined) return undefined;
  const reason = `${issue.path.join('.')}: ${issue.message}`;
  return { kind: `invalid_command: ${reason}`, reason };
}

const noOthers: ReadonlyMap<TicketId, TicketState> = new Map();
