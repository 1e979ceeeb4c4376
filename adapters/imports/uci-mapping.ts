/**
 * From one row of the UCI incident log and what Docket holds of its ticket to the commands that make up the
 * difference. The source's states, groups, agents and fields become the `incident` workflow's; the row's own
 * times are taken as they are, even where they run backwards.
 *
 * It must never make a command for something the row does not claim, nor use the source's final values
 * (closed_code, resolved_by, resolved_at, closed_at), which every row repeats, before the ticket is resolved
 * or closed.
 */
import type { CommandOf } from '../../domain/ticket/commands.ts';
import { lifecycleOf } from '../../domain/ticket/evolve.ts';
import type { HoldReason, TicketState } from '../../domain/ticket/state.ts';
import type { EpochMs, FieldChanges, Fields, FieldValue } from '../../domain/ticket/values.ts';
import type { Draft } from './dry-run.ts';
import {
  type CellProblem,
  cellOf,
  fieldColumns,
  fieldOf,
  isProblem,
  timeOf,
  type UciRow,
} from './uci-columns.ts';

type Target =
  | { readonly lifecycle: 'new' | 'in_progress' | 'resolved' | 'closed' }
  | { readonly hold: HoldReason };

const targets: ReadonlyMap<string, Target> = new Map<string, Target>([
  ['New', { lifecycle: 'new' }],
  ['Active', { lifecycle: 'in_progress' }],
  ['Awaiting User Info', { hold: 'caller' }],
  ['Awaiting Vendor', { hold: 'vendor' }],
  ['Awaiting Problem', { hold: 'problem' }],
  ['Awaiting Evidence', { hold: 'evidence' }],
  ['Resolved', { lifecycle: 'resolved' }],
  ['Closed', { lifecycle: 'closed' }],
]);

/** The command that opens a ticket as its first row shows it. */
export function openingOf(row: UciRow): CommandOf<'OpenTicket'>['data'] | CellProblem {
  const fields: Record<string, FieldValue> = {};
  for (const { name, kind } of fieldColumns) {
    const value = fieldOf(row, name, kind);
    if (isProblem(value)) return value;
    if (value !== undefined) fields[name] = value;
  }
  const requester = cellOf(row, 'caller_id');
  return requester === undefined ? { fields } : { requester, fields };
}

/** The commands of a row, in their order, and which of them is the one that changes the state. */
export function draftsOf(
  row: UciRow,
  ticket: TicketState,
  occurredAt: EpochMs,
): { readonly drafts: readonly Draft[]; readonly changesState: boolean } | CellProblem {
  const state = stateDraft(row, ticket, occurredAt);
  if (isProblem(state)) return state;
  const fields = fieldsDraft(row, ticket);
  if (isProblem(fields)) return fields;
  const placement = placementDraft(row, ticket);
  // A closed ticket takes no more changes, so a row that closes it makes its other changes first.
  const order = state?.type === 'CloseTicket' ? [placement, fields, state] : [state, placement, fields];
  return { drafts: order.filter((draft) => draft !== undefined), changesState: state !== undefined };
}

function stateDraft(row: UciRow, ticket: TicketState, occurredAt: EpochMs): Draft | CellProblem | undefined {
  const claimed = cellOf(row, 'incident_state') ?? '?';
  const target = targets.get(claimed);
  if (target === undefined) {
    const known = [...targets.keys()].join(', ');
    const message = `column incident_state holds ${JSON.stringify(claimed)}, which is not one of ${known}`;
    return { code: 'unknown_state', column: 'incident_state', message };
  }
  const present = lifecycleOf(ticket.state);
  if ('hold' in target) {
    if (ticket.hold?.reason === target.hold) return undefined;
    return { type: 'HoldTicket', data: { reason: target.hold } };
  }
  if (target.lifecycle === present) return undefined;
  switch (target.lifecycle) {
    case 'new':
      return {
        code: 'no_command',
        column: 'incident_state',
        message: `no command leads from ${present} back to new`,
      };
    case 'in_progress':
      return workDraft(present);
    case 'resolved':
      return resolveDraft(row, occurredAt);
    case 'closed':
      return closeDraft(row, present);
    default:
      return target.lifecycle satisfies never;
  }
}

function workDraft(present: string): Draft {
  if (present === 'new') return { type: 'StartWork', data: {} };
  return present === 'on_hold' ? { type: 'ResumeTicket', data: {} } : { type: 'ReopenTicket', data: {} };
}

function resolveDraft(row: UciRow, occurredAt: EpochMs): Draft | CellProblem {
  const resolvedAt = timeOf(row, 'resolved_at');
  if (isProblem(resolvedAt)) return resolvedAt;
  // Of a ticket resolved twice, the row of the first time already has the second: knowledge of the future.
  const fromFuture = resolvedAt !== undefined && resolvedAt > occurredAt;
  const fields = fromFuture ? {} : given(row, ['resolved_by', 'resolved_at']);
  const code = cellOf(row, 'closed_code');
  return { type: 'ResolveTicket', data: { ...(code === undefined ? {} : { code }), ...filled(fields) } };
}

function closeDraft(row: UciRow, present: string): Draft | CellProblem {
  for (const column of ['resolved_at', 'closed_at'] as const) {
    const time = timeOf(row, column);
    if (isProblem(time)) return time;
  }
  const always = ['resolved_by', 'resolved_at', 'closed_at'] as const;
  const fields = given(row, present === 'resolved' ? always : [...always, 'closed_code']);
  return { type: 'CloseTicket', data: filled(fields) };
}

function given(row: UciRow, columns: readonly Parameters<typeof cellOf>[1][]): Fields {
  const fields: Record<string, FieldValue> = {};
  for (const column of columns) {
    const text = cellOf(row, column);
    if (text !== undefined) fields[column] = text;
  }
  return fields;
}

function filled(fields: Fields): { fields?: FieldChanges } {
  return Object.keys(fields).length === 0 ? {} : { fields };
}

function placementDraft(row: UciRow, ticket: TicketState): Draft | undefined {
  const agent = cellOf(row, 'assigned_to');
  const group = cellOf(row, 'assignment_group');
  if (agent === ticket.assignee && group === ticket.group) return undefined;
  if (agent !== undefined) {
    return {
      type: 'AssignTicket',
      data: group === ticket.group ? { agent } : { agent, group: group ?? null },
    };
  }
  return group === undefined
    ? { type: 'UnassignTicket', data: {} }
    : { type: 'QueueTicket', data: { group } };
}

function fieldsDraft(row: UciRow, ticket: TicketState): Draft | CellProblem | undefined {
  const changes: Record<string, FieldValue | null> = {};
  let changed = false;
  for (const { name, kind } of fieldColumns) {
    const present = ticket.fields[name];
    // Most cells repeat the row before; a text that Docket already holds needs no second reading.
    if (present !== undefined && present === cellOf(row, name)) continue;
    const value = fieldOf(row, name, kind);
    if (isProblem(value)) return value;
    if (value === present) continue;
    changes[name] = value ?? null;
    changed = true;
  }
  const caller = callerChange(row, ticket);
  if (caller !== undefined) changes.caller_id = caller;
  return changed || caller !== undefined ? { type: 'ChangeFields', data: { fields: changes } } : undefined;
}

/** Docket does not change a ticket's requester; a caller other than the first one is kept as a field. */
function callerChange(row: UciRow, ticket: TicketState): FieldValue | null | undefined {
  const caller = cellOf(row, 'caller_id');
  const field = caller === ticket.requester ? undefined : caller;
  return field === ticket.fields.caller_id ? undefined : (field ?? null);
}
