/**
 * Makes a workflow of a definition: an XState machine, by the same `setup()` as the built-in ones, compiled
 * and checked like them. What every ticket needs is added where the definition does not say otherwise: in
 * every state that is not final, comments, fields, links, redaction and the breach of a promise; in final
 * ones what the built-in workflows leave open there; the requester's rating once it is resolved; and a region
 * for the assignment.
 *
 * It must never accept what `compileWorkflow` refuses.
 */
import type { Role } from '../ticket/values.ts';
import { compileWorkflow, WorkflowProblem } from './compile.ts';
import { type Answers, labelOf, readDefinition, type WorkflowDefinition } from './definition.ts';
import { builtInWorkflows } from './registry.ts';
import { during, may, move, workflow } from './setup.ts';
import type { CompiledWorkflow } from './table.ts';
import { type Category, finalCategories, isTransitionType, type TransitionType } from './transition.ts';

/** Who may do what a definition says no roles for. */
export const rolesDefault: readonly Role[] = ['agent', 'lead', 'system', 'integration'];
const anyone: readonly Role[] = ['requester', ...rolesDefault];
const leads: readonly Role[] = ['lead'];
const requesters: readonly Role[] = ['requester', 'integration'];
const timers: readonly Role[] = ['system', 'integration'];
/** The categories in which a requester may say whether it was well done. */
const ratedIn: readonly Category[] = ['resolved', 'closed'];

/** Throws `WorkflowProblem`, with a sentence for each thing that is wrong. */
export function compileDefinition(definition: WorkflowDefinition): CompiledWorkflow {
  const { name, version } = definition;
  const id = `${name}@${version}`;
  if (builtInWorkflows.find(name) !== undefined) {
    throw new WorkflowProblem(id, [`name: ${name} is built in; choose another name`]);
  }
  return compileWorkflow(machineOf(definition));
}

/** As `compileDefinition`, from parsed JSON; mistakes in its shape name their path. */
export function workflowFromData(value: unknown, called?: string): CompiledWorkflow {
  return compileDefinition(readDefinition(value, called));
}

/** The XState machine that a definition stands for. */
export function machineOf(definition: WorkflowDefinition) {
  const { name, version, description } = definition;
  const regions = definition.regions === undefined ? assignment(definition) : regionsOf(definition);
  return workflow.createMachine({
    id: name,
    version,
    description,
    type: 'parallel',
    states: { lifecycle: lifecycleOf(definition), ...regions },
  });
}

type Transition = ReturnType<typeof may>;
type On = Partial<Record<TransitionType, Transition[]>>;

function lifecycleOf({ initial, states, moves }: WorkflowDefinition) {
  const movesFrom = new Map<string, Transition[]>();
  for (const { from, to, by = rolesDefault, when } of moves) {
    const known = movesFrom.get(from);
    const answer = move(to, by, ...when);
    if (known === undefined) movesFrom.set(from, [answer]);
    else known.push(answer);
  }
  const nodes = Object.entries(states).map(([key, state]) => {
    const label = labelOf(key, state);
    const MoveTicket = movesFrom.get(key);
    const on: On = {
      ...always(key, state.category),
      ...answersOf(key, state.on, may),
      ...(MoveTicket === undefined ? {} : { MoveTicket }),
    };
    return [key, { tags: [state.category], on, ...(label === key ? {} : { description: label }) }] as const;
  });
  return { initial, states: Object.fromEntries(nodes) };
}

/** What a state takes without being told, so that no workflow forgets what every ticket needs. */
function always(key: string, category: Category): On {
  const LinkTicket = [may(key, rolesDefault)];
  const RedactContent = [may(key, leads)];
  const rating: On = ratedIn.includes(category) ? { RateTicket: [may(key, requesters)] } : {};
  if (finalCategories.includes(category)) {
    return {
      ChangeFields: [may(key, rolesDefault, 'onlyFinalFields')],
      LinkTicket,
      RedactContent,
      ...rating,
    };
  }
  const breach: On = category === 'resolved' ? {} : { BreachSla: [may(key, timers, 'slaClockDue')] };
  return {
    ...rating,
    ...breach,
    ChangeFields: [may(key, anyone)],
    AddComment: [may(key, anyone)],
    RecordRequesterReply: [may(key, requesters)],
    LinkTicket,
    RedactContent,
  };
}

function answersOf(key: string, answers: Answers, allow: typeof may): On {
  const on: On = {};
  for (const command of Object.keys(answers).filter(isTransitionType)) {
    const told = answers[command] ?? [];
    on[command] = told.map(({ to = key, by = rolesDefault, when }) => allow(to, by, ...when));
  }
  return on;
}

function liveStates({ states }: WorkflowDefinition): readonly string[] {
  return Object.keys(states).filter((key) => !finalCategories.includes(states[key]?.category ?? 'closed'));
}

/** Regions of the definition's own answer while the ticket is not final. */
function regionsOf(definition: WorkflowDefinition) {
  const whileLive = during(liveStates(definition));
  const regions = Object.entries(definition.regions ?? {}).map(([name, { initial, states }]) => {
    const nodes = Object.entries(states).map(
      ([key, { on }]) => [key, { on: answersOf(key, on, whileLive) }] as const,
    );
    return [name, { initial, states: Object.fromEntries(nodes) }] as const;
  });
  return Object.fromEntries(regions);
}

/** Who has the ticket, as in the `incident` workflow. */
function assignment(definition: WorkflowDefinition) {
  const whileLive = during(liveStates(definition));
  const QueueTicket = whileLive('queued', rolesDefault);
  const AssignTicket = whileLive('assigned', rolesDefault, 'agentEligible');
  const UnassignTicket = whileLive('unassigned', rolesDefault);
  return {
    assignment: {
      initial: 'unassigned',
      states: {
        unassigned: { on: { QueueTicket, AssignTicket } },
        queued: { on: { QueueTicket, AssignTicket, UnassignTicket } },
        assigned: { on: { QueueTicket, AssignTicket, UnassignTicket } },
      },
    },
  };
}
