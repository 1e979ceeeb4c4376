/**
 * The proof that table and machine are one: over every reachable state, every transition, every role and
 * every combination of guard outcomes, XState and the compiled table give the same next state or both refuse.
 */
import { describe, expect, it } from 'vitest';
import type { AnyStateMachine, StateValue } from 'xstate';
import { getAdjacencyMap } from 'xstate/graph';
import { withStarted } from '../../../domain/sla/clock.ts';
import type { TicketState } from '../../../domain/ticket/state.ts';
import { roles } from '../../../domain/ticket/values.ts';
import { reachableStates } from '../../../domain/workflow/check.ts';
import { compileWorkflow } from '../../../domain/workflow/compile.ts';
import { readDefinition } from '../../../domain/workflow/definition.ts';
import { machineOf } from '../../../domain/workflow/from-data.ts';
import { type GuardInput, type GuardName, guardNames, guards } from '../../../domain/workflow/guards.ts';
import { incidentMachine } from '../../../domain/workflow/incident.ts';
import type { WorkflowEvent } from '../../../domain/workflow/setup.ts';
import { supportMachine } from '../../../domain/workflow/support.ts';
import { type CompiledWorkflow, isRefusal, step } from '../../../domain/workflow/table.ts';
import { type TransitionRequest, transitionTypes } from '../../../domain/workflow/transition.ts';
import { actor, monday9, ticketState } from '../../support/tickets.ts';
import { fines } from '../../support/workflows.ts';

const day = 24 * 3_600_000;

/** The parts of a guard's input that a test can set so that the guard holds or does not. */
interface Scene {
  ticket: Partial<TicketState>;
  data: Record<string, unknown>;
  others: Map<string, { final: boolean; resolved: boolean }>;
}

const settings: Record<GuardName, (scene: Scene, holds: boolean) => void> = {
  assigneeSet: (scene, holds) => Object.assign(scene.ticket, { assignee: holds ? 'ana' : undefined }),
  agentEligible: (scene, holds) => Object.assign(scene.data, { eligibility: { available: holds } }),
  groupKnown: (scene, holds) => Object.assign(scene.ticket, { group: holds ? 'first line' : undefined }),
  offeredToAgent: (scene, holds) => Object.assign(scene.data, { agent: holds ? 'ana' : 'bo' }),
  offerOpen: (scene, holds) => setOffer(scene, holds ? monday9 + 1 : monday9 - 1),
  offerExpired: (scene, holds) => setOffer(scene, holds ? monday9 - 1 : monday9 + 1),
  publicCommentGiven: (scene, holds) =>
    Object.assign(scene.data, { comment: { body: 'Which one?', public: holds } }),
  callerToldWhy: (scene, holds) =>
    Object.assign(scene.data, { reason: 'caller', comment: { body: 'Which one?', public: holds } }),
  heldForCaller: (scene, holds) =>
    Object.assign(scene.ticket, {
      hold: { reason: holds ? 'caller' : 'vendor', until: undefined, timerId: 't1' },
    }),
  holdTimerCurrent: (scene, holds) => {
    Object.assign(scene.ticket, { hold: { reason: 'vendor', until: undefined, timerId: 't1' } });
    Object.assign(scene.data, { timerId: holds ? 't1' : 't0' });
  },
  resolutionGiven: (scene, holds) =>
    Object.assign(scene.data, { code: 'fixed', notes: holds ? 'Replaced it.' : undefined }),
  childrenResolved: (scene, holds) => {
    Object.assign(scene.ticket, { links: [{ ticket: 'T-9', relation: 'child' }] });
    scene.others.set('T-9', { final: false, resolved: holds });
  },
  insideReopenWindow: (scene, holds) =>
    Object.assign(scene.ticket, { resolvedAt: monday9 - (holds ? 27 : 29) * day }),
  autoCloseDue: (scene, holds) =>
    Object.assign(scene.ticket, { resolvedAt: monday9 - (holds ? 5 : 3) * day }),
  mergeTargetOpen: (scene, holds) => {
    Object.assign(scene.data, { into: 'T-2' });
    scene.others.set('T-2', { final: !holds, resolved: !holds });
  },
  slaClockDue: (scene, holds) => {
    const data = { clock: 'resolution#1', metric: 'resolution', targetMs: 9, hours: 'calendar' } as const;
    const terms = { policy: 'gold', policyVersion: '1', dueAt: monday9 + (holds ? 0 : 1) };
    Object.assign(scene.ticket, { clocks: withStarted(undefined, { ...data, ...terms }, monday9 - 9) });
    Object.assign(scene.data, { clock: 'resolution#1' });
  },
  onlyFinalFields: (scene, holds) =>
    Object.assign(scene.data, { fields: { [holds ? 'subject' : 'category']: 'Printer' } }),
};

function setOffer(scene: Scene, expiresAt: number): void {
  Object.assign(scene.ticket, { offer: { agent: 'ana', expiresAt } });
}

/** Every combination of outcomes of the guards that a workflow asks for on a transition, for every actor. */
function inputsFor(workflow: CompiledWorkflow, type: string): GuardInput[] {
  const asked = new Set<GuardName>();
  for (const state of workflow.states) {
    for (const [transition, cell] of state.cells) {
      if (transition === type) for (const each of cell.flat()) for (const name of each.when) asked.add(name);
    }
  }
  const names = [...asked];
  const people = [
    ...roles.map((role) => ({ actor: actor(role) })),
    { actor: actor('integration'), onBehalfOf: actor('lead') },
    { actor: actor('agent'), onBehalfOf: actor('lead') },
  ];
  const all = Array.from({ length: 2 ** names.length }, (_, outcomes) => outcomes);
  const scenes = all.flatMap((outcomes) => dataFor(workflow, type).map((data) => ({ outcomes, data })));
  return scenes.flatMap(({ outcomes, data }) => {
    const scene: Scene = {
      ticket: { offer: { agent: 'ana', expiresAt: monday9 } },
      data,
      others: new Map(),
    };
    for (const [bit, name] of names.entries()) settings[name](scene, (outcomes & (1 << bit)) !== 0);
    return people.map((person) => {
      const request = { type, data: scene.data, occurredAt: monday9, ...person } as TransitionRequest;
      const input = { ticket: ticketState(scene.ticket), request, others: scene.others };
      for (const [bit, name] of names.entries()) {
        expect(guards[name](input) === undefined, `${name} as set`).toBe((outcomes & (1 << bit)) !== 0);
      }
      return input;
    });
  });
}

/** What a request may ask beside what guards look at: each state to move to, and one that there is not. */
function dataFor(workflow: CompiledWorkflow, type: string): Record<string, unknown>[] {
  if (type !== 'MoveTicket') return [{}];
  return [...(workflow.regions[0]?.states ?? []), 'nowhere'].map((to) => ({ to }));
}

function keyOf(workflow: CompiledWorkflow, value: StateValue): string {
  if (typeof value === 'string') return value;
  return workflow.regions.map((region) => String(value[region.name])).join('/');
}

function compare(machine: AnyStateMachine): { compared: number; legal: number; states: Set<string> } {
  const workflow = compileWorkflow(machine);
  const inputs = transitionTypes.flatMap((type) => inputsFor(workflow, type));
  const events = inputs.map((input): WorkflowEvent => ({ type: input.request.type, ...input }));
  const names = new Map(events.map((event, index) => [event, String(index)]));
  const adjacency = getAdjacencyMap(machine, {
    events,
    serializeEvent: (event) => names.get(event as WorkflowEvent) ?? 'initial',
    serializeState: (state) => keyOf(workflow, state.value as StateValue),
  });
  let compared = 0;
  let legal = 0;
  for (const [key, { state, transitions }] of Object.entries(adjacency)) {
    const from = workflow.stateByKey.get(key);
    expect(from, `the table knows ${key}`).toBeDefined();
    if (from === undefined) continue;
    for (const event of events) {
      const next = transitions[names.get(event) ?? '']?.state;
      const inMachine = state.can(event) ? keyOf(workflow, next?.value as StateValue) : 'refused';
      const result = step(from, event);
      const inTable = isRefusal(result) ? 'refused' : result.key;
      if (inTable !== inMachine) {
        const who = `${event.request.actor.role}/${event.request.onBehalfOf?.role}`;
        expect(`${key} ${event.type} by ${who}: ${inTable}`).toBe(
          `${key} ${event.type} by ${who}: ${inMachine}`,
        );
      }
      compared += 1;
      if (inMachine !== 'refused') legal += 1;
    }
  }
  return { compared, legal, states: new Set(Object.keys(adjacency)) };
}

describe.each([
  ['support', supportMachine],
  ['incident', incidentMachine],
  ['a workflow given as data', machineOf(readDefinition(fines))],
] as const)('the compiled table of %s', (_name, machine) => {
  it('agrees with its XState machine on every reachable state and event, illegal ones included', () => {
    const { compared, legal, states } = compare(machine);
    const reachable = [...reachableStates(compileWorkflow(machine))].map((state) => state.key);
    expect(states).toEqual(new Set(reachable));
    expect(legal).toBeGreaterThan(500);
    expect(compared).toBeGreaterThan(legal);
  });
});

it('the settings of this proof cover every guard', () => {
  expect(Object.keys(settings).sort()).toEqual([...guardNames].sort());
});
