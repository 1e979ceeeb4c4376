/**
 * What is legal, asked of the XState machines themselves: the model's only borrowed knowledge. It must not
 * look at the compiled tables, which are under test.
 */
import { type AnyMachineSnapshot, type AnyStateMachine, type StateValue, transition } from 'xstate';
import type { TicketState } from '../../domain/ticket/state.ts';
import type { RelatedTicket } from '../../domain/workflow/guards.ts';
import { incidentMachine } from '../../domain/workflow/incident.ts';
import { supportMachine } from '../../domain/workflow/support.ts';
import type { TransitionRequest } from '../../domain/workflow/transition.ts';

const machines: Readonly<Record<string, AnyStateMachine>> = {
  'support@1': supportMachine,
  'incident@1': incidentMachine,
};

function machineOf(workflow: string): AnyStateMachine {
  const machine = machines[workflow];
  if (machine === undefined) throw new Error(`the model knows no workflow ${workflow}`);
  return machine;
}

/** The full name of the workflow that a caller means; undefined for none. */
export function workflowNamed(reference: string): string | undefined {
  return Object.keys(machines).find((id) => id === reference || id.split('@')[0] === reference);
}

const snapshots = new Map<string, AnyMachineSnapshot>();

/** The machine in this state; remembered, because making one costs more than asking it. */
function snapshotOf(workflow: string, state: string): AnyMachineSnapshot {
  const key = `${workflow} ${state}`;
  const known = snapshots.get(key);
  if (known !== undefined) return known;
  const machine = machineOf(workflow);
  const regions = Object.keys(machine.states);
  const parts = state.split('/');
  const value: StateValue = Object.fromEntries(regions.map((region, index) => [region, parts[index] ?? '']));
  const snapshot = machine.resolveState({ value, context: undefined });
  snapshots.set(key, snapshot);
  return snapshot;
}

function keyOf(workflow: string, value: StateValue): string {
  const regions = Object.keys(machineOf(workflow).states);
  return regions.map((region) => (typeof value === 'string' ? value : String(value[region]))).join('/');
}

export function initialState(workflow: string): string {
  const machine = machineOf(workflow);
  return keyOf(workflow, machine.getInitialSnapshot(undefined as never).value);
}

/** The state that a request leads to; undefined where the machine refuses it. */
export function stateAfter(
  ticket: TicketState,
  request: TransitionRequest,
  others: ReadonlyMap<string, RelatedTicket> = new Map(),
): string | undefined {
  const snapshot = snapshotOf(ticket.workflow, ticket.state);
  const event = { type: request.type, ticket, request, others };
  if (!snapshot.can(event)) return undefined;
  const [next] = transition(machineOf(ticket.workflow), snapshot, event);
  return keyOf(ticket.workflow, next.value);
}

/** How a ticket looks to another one's guards. */
export function related(ticket: TicketState): RelatedTicket {
  const { tags } = snapshotOf(ticket.workflow, ticket.state);
  const final = tags.has('closed') || tags.has('cancelled');
  return { final, resolved: final || tags.has('resolved') };
}
