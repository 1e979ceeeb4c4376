/**
 * Plans one case event: the commands that make a ticket of what the event says, tried before anything is
 * sent. The first event of a case opens its ticket; who did an event has the ticket from then on; what was
 * done is the state that the ticket enters, by `MoveTicket` where the workflow has moves, by whichever
 * command leads there where it has not.
 *
 * It must never make a command for something the event does not say: an attribute that is absent clears no
 * field, and no reason is made up where a command needs one.
 */
import { z } from 'zod';
import { type CommandOf, holdReasons } from '../../domain/ticket/commands.ts';
import type { TicketState } from '../../domain/ticket/state.ts';
import {
  type Actor,
  type Fields,
  type FieldValue,
  fieldCountMax,
  nameCharactersMax,
  sameFieldValue,
  type TicketId,
} from '../../domain/ticket/values.ts';
import { legalFrom } from '../../domain/workflow/legal.ts';
import type { Workflows } from '../../domain/workflow/registry.ts';
import type { CompiledWorkflow, WorkflowState } from '../../domain/workflow/table.ts';
import type { CaseEvent } from './case-event.ts';
import { CaseStates } from './case-states.ts';
import { type Draft, DryRun } from './dry-run.ts';
import { caseIdField, lifecycleField } from './field-names.ts';
import { ImportProblem } from './import-problem.ts';
import { type Refusal, refusedProblem } from './refusal.ts';
import type { Plan } from './ticket-histories.ts';

export interface CasePlannerOptions {
  readonly workflows: Workflows;
  readonly workflow: CompiledWorkflow;
  /** The state of an activity, by its key or its label. */
  readonly states?: Readonly<Record<string, string>> | undefined;
  readonly reasons?: Readonly<Record<string, string>> | undefined;
  /** Where the events come from; part of every command's id. */
  readonly source: string;
}

const importer: Actor = { id: 'case-import', role: 'integration' };

/** What leads from state to state where a workflow has no moves; the first that leads there is taken. */
const stateCommands = [
  'StartWork',
  'ResumeTicket',
  'ReopenTicket',
  'HoldTicket',
  'AwaitRequester',
  'ResolveTicket',
  'CloseTicket',
  'ConfirmResolution',
  'CancelTicket',
] as const;
const cancelReasonSchema = z.enum(['duplicate', 'spam', 'unnecessary']);
const holdReasonSchema = z.enum(holdReasons);

export class CasePlanner {
  readonly #options: CasePlannerOptions;
  readonly #states: CaseStates;
  readonly #hasMoves: boolean;

  constructor(options: CasePlannerOptions) {
    this.#options = options;
    this.#states = new CaseStates(options.workflow, options.states ?? {});
    this.#hasMoves = options.workflow.states.some(({ cells }) => cells.has('MoveTicket'));
  }

  /** `ordinal` counts the events of the case from 1; it makes command ids the same in every run. */
  plan(
    event: CaseEvent,
    ticketId: TicketId,
    ticket: TicketState | undefined,
    ordinal: number,
  ): Plan | Refusal {
    const { workflows, workflow, source } = this.#options;
    const target = this.#states.of(event.activity);
    if (target instanceof ImportProblem) return refusedProblem(target, ticket, workflows);
    const run = new DryRun({
      ticketId,
      ticket,
      idPrefix: `import:${source}:${ticketId}:${ordinal}`,
      actor: importer,
      onBehalfOf: event.resource === undefined ? undefined : { id: event.resource, role: 'agent' },
      source,
      workflows,
      workflow: workflow.id,
      mayBeMalformed: ticket === undefined || isLarge(event),
    });
    const fields = fieldsOf(event, ticketId);
    const refused = ticket === undefined ? run.take(opening(fields), event.at) : undefined;
    if (refused !== undefined) return refused;
    const refusal = this.#changes(run, event, fields, target, ticket === undefined);
    if (refusal === undefined) return { status: 'planned', steps: run.steps };
    return refusal instanceof ImportProblem ? refusedProblem(refusal, ticket, workflows) : refusal;
  }

  /**
   * Who has it and what is known of it come before the new state, which may be one that takes no more
   * changes; only of a ticket that is in such a state already, they come after.
   */
  #changes(
    run: DryRun,
    event: CaseEvent,
    fields: Fields,
    target: string,
    isNew: boolean,
  ): Refusal | ImportProblem | undefined {
    const place = () => take(run, placementOf(event, ticketOf(run)), event);
    const note = () => take(run, changesOf(fields, ticketOf(run)), event);
    const move = () => take(run, this.#stateDraft(event, fields, target, ticketOf(run), isNew), event);
    if (this.#at(ticketOf(run)).final) return move() ?? place() ?? note();
    // A move takes the fields along.
    return place() ?? (this.#hasMoves && !isNew ? undefined : note()) ?? move();
  }

  #stateDraft(
    event: CaseEvent,
    fields: Fields,
    target: string,
    ticket: TicketState,
    isNew: boolean,
  ): Draft | ImportProblem | undefined {
    const present = this.#at(ticket);
    if (this.#hasMoves) {
      if (isNew && present.lifecycle === target) return undefined;
      const changes = changesOf(fields, ticket)?.data.fields;
      const data = {
        to: target,
        activity: event.activity,
        ...(changes === undefined ? {} : { fields: changes }),
      };
      return { type: 'MoveTicket', data };
    }
    const reason = this.#options.reasons?.[event.activity];
    if (present.lifecycle === target) {
      const same = ticket.hold === undefined || reason === undefined || ticket.hold.reason === reason;
      return same ? undefined : holdDraft(event.activity, reason);
    }
    const legal = legalFrom(this.#options.workflow, present);
    const command = stateCommands.find((type) =>
      legal.some((each) => each.command === type && each.to.includes(target)),
    );
    if (command !== undefined) return draftOf(command, event.activity, reason);
    const message = `no command leads from ${present.lifecycle} to ${target}`;
    return new ImportProblem('no_command', undefined, message);
  }

  #at(ticket: TicketState): WorkflowState {
    return this.#options.workflows.stateOf(ticket);
  }
}

function take(
  run: DryRun,
  draft: Draft | ImportProblem | undefined,
  { at }: CaseEvent,
): Refusal | ImportProblem | undefined {
  if (draft === undefined || draft instanceof ImportProblem) return draft;
  return run.take(draft, at);
}

function ticketOf({ ticket }: DryRun): TicketState {
  if (ticket === undefined) throw new Error('bug: a case event is planned without a ticket');
  return ticket;
}

function opening(fields: Fields): Draft {
  return { type: 'OpenTicket', data: { fields } };
}

/** All that the event says of the case and of itself, beside what it is. */
function fieldsOf(event: CaseEvent, ticketId: TicketId): Fields {
  const { caseId, caseAttributes, attributes, lifecycle } = event;
  return {
    ...(caseId === ticketId ? {} : { [caseIdField]: caseId }),
    ...caseAttributes,
    ...(lifecycle === undefined ? {} : { [lifecycleField]: lifecycle }),
    ...attributes,
  };
}

function placementOf({ resource, group }: CaseEvent, ticket: TicketState): Draft | undefined {
  const sameGroup = group === undefined || group === ticket.group;
  if (resource !== undefined) {
    if (resource === ticket.assignee && sameGroup) return undefined;
    return { type: 'AssignTicket', data: { agent: resource, ...(sameGroup ? {} : { group }) } };
  }
  return group === undefined || sameGroup ? undefined : { type: 'QueueTicket', data: { group } };
}

function changesOf(
  fields: Fields,
  ticket: TicketState,
): { readonly type: 'ChangeFields'; readonly data: CommandOf<'ChangeFields'>['data'] } | undefined {
  const changes: Record<string, FieldValue> = {};
  let changed = false;
  for (const name in fields) {
    const value = fields[name];
    if (value === undefined || sameFieldValue(value, ticket.fields[name])) continue;
    changes[name] = value;
    changed = true;
  }
  return changed ? { type: 'ChangeFields', data: { fields: changes } } : undefined;
}

function draftOf(
  type: (typeof stateCommands)[number],
  activity: string,
  reason: string | undefined,
): Draft | ImportProblem {
  switch (type) {
    case 'HoldTicket':
      return holdDraft(activity, reason);
    case 'CancelTicket': {
      const known = cancelReasonSchema.safeParse(reason);
      if (known.success) return { type, data: { reason: known.data } };
      return noReason(type, activity, cancelReasonSchema.options);
    }
    case 'ResolveTicket':
      return { type, data: reason === undefined ? {} : { code: reason } };
    default:
      return { type, data: {} };
  }
}

function holdDraft(activity: string, reason: string | undefined): Draft | ImportProblem {
  const known = holdReasonSchema.safeParse(reason);
  if (known.success) return { type: 'HoldTicket', data: { reason: known.data } };
  return noReason('HoldTicket', activity, holdReasons);
}

function noReason(type: string, activity: string, known: readonly string[]): ImportProblem {
  const right = `give ${JSON.stringify(activity)} one of ${known.join(', ')} in the mapping's reasons`;
  return new ImportProblem('no_command', undefined, `${type} needs a reason: ${right}`);
}

/** Whether anything in it may be more than a command can hold. */
function isLarge({ activity, resource, group, attributes, caseAttributes }: CaseEvent): boolean {
  const names = [activity, resource, group];
  if (names.some((text) => text !== undefined && text.length > nameCharactersMax)) return true;
  return isLargeSet(attributes) || isLargeSet(caseAttributes);
}

function isLargeSet(fields: Fields): boolean {
  let count = 0;
  for (const name in fields) {
    const value = fields[name];
    count += 1;
    if (typeof value === 'string' && value.length > nameCharactersMax) return true;
  }
  return count > fieldCountMax / 2;
}
