/**
 * Compiles a workflow machine to a table, by reading its structure: regions, states, category tags and the
 * rule in each transition's `meta`. It never runs the machine, so that the test which runs both over every
 * reachable state and event (test/domain/workflow) compares two independent readings of one definition.
 */
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { z } from 'zod';
import { roleSchema } from '../ticket/values.ts';
import { checkWorkflow } from './check.ts';
import { asksFor, type GuardName, guards, isGuardName } from './guards.ts';
import type { Candidate, Cell, CompiledWorkflow, PlacedCandidate, Region, WorkflowState } from './table.ts';
import {
  type Category,
  finalCategories,
  isCategory,
  isTransitionType,
  type TransitionType,
} from './transition.ts';

const ruleSchema = z.object({
  by: z.array(roleSchema).min(1),
  when: z.array(z.custom<GuardName>((name) => typeof name === 'string' && isGuardName(name))),
  during: z.array(z.string()).optional(),
  asked: z.string().optional(),
});

/** Thrown for a machine that is not a workflow; each problem names the state and says what would be right. */
export class WorkflowProblem extends Error {
  readonly problems: readonly string[];

  constructor(workflow: string, problems: readonly string[]) {
    super(`workflow ${workflow} can not be used:\n${problems.map((problem) => `- ${problem}`).join('\n')}`);
    this.name = 'WorkflowProblem';
    this.problems = problems;
  }
}

/** Throws `WorkflowProblem` for a machine that breaks the rules of a workflow. */
export function compileWorkflow(machine: AnyStateMachine): CompiledWorkflow {
  const name = machine.id;
  const version = machine.version ?? '';
  const problems: string[] = [];
  if (version === '') problems.push('it needs a version');
  if (machine.root.type !== 'parallel')
    problems.push('its root must be parallel, with a region called lifecycle');
  const nodes = Object.values<AnyStateNode>(machine.root.states);
  if (nodes[0]?.key !== 'lifecycle') problems.push('its first region must be called lifecycle');
  if (problems.length > 0) throw new WorkflowProblem(name, problems);

  const regions = describeRegions(nodes);
  const edges = nodes.map((node, index) => readRegion(node, index, regions, problems));
  const lifecycle = nodes[0];
  const categories = lifecycle === undefined ? [] : readCategories(lifecycle, problems);
  if (problems.length > 0) throw new WorkflowProblem(name, problems);

  const id = `${name}@${version}`;
  const states = combine(id, regions, edges, categories);
  const initial = states[regions.reduce((index, region) => index + region.initial * region.stride, 0)];
  if (initial === undefined) throw new WorkflowProblem(name, ['it has no initial state']);
  const compiled: CompiledWorkflow = Object.freeze({
    id,
    name,
    version,
    description: machine.config.description ?? name,
    regions: Object.freeze(regions),
    states: Object.freeze(states),
    initial,
    labels: lifecycle === undefined ? new Map() : readLabels(lifecycle),
    stateByKey: new Map(states.map((state) => [state.key, state])),
  });
  const found = checkWorkflow(compiled);
  if (found.length > 0) throw new WorkflowProblem(name, found);
  return compiled;
}

type Edges = ReadonlyMap<TransitionType, readonly Candidate[]>;

function describeRegions(nodes: readonly AnyStateNode[]): Region[] {
  let stride = 1;
  return nodes.map((node) => {
    const states = Object.keys(node.states);
    const initialKey = node.initial.target[0]?.key;
    const region = { name: node.key, states, initial: states.indexOf(initialKey ?? ''), stride };
    stride *= states.length;
    return Object.freeze(region);
  });
}

/** For each state of a region, by index: its candidates by transition. */
function readRegion(
  region: AnyStateNode,
  regionIndex: number,
  regions: readonly Region[],
  problems: string[],
): Edges[] {
  const stateNames = Object.keys(region.states);
  return Object.values<AnyStateNode>(region.states).map((state) => {
    const where = `${region.key}.${state.key}`;
    if (Object.keys(state.states).length > 0)
      problems.push(`${where} has states within it; regions must be flat`);
    const edges = new Map<TransitionType, readonly Candidate[]>();
    for (const [eventType, definitions] of state.transitions) {
      if (!isTransitionType(eventType)) {
        problems.push(`${where} answers to ${eventType}, which no command is called`);
        continue;
      }
      const candidates = definitions.map((definition): Candidate => {
        const target = definition.target?.[0]?.key ?? '';
        const rule = ruleSchema.safeParse(definition.meta);
        if (!stateNames.includes(target))
          problems.push(`${where} on ${eventType} needs a target in its region`);
        if (!rule.success) problems.push(`${where} on ${eventType} must be written with may()`);
        const parsed = rule.success ? rule.data : { by: [], when: [] };
        const unknown = parsed.during?.filter((name) => !regions[0]?.states.includes(name)) ?? [];
        if (parsed.asked !== (eventType === 'MoveTicket' ? target : undefined))
          problems.push(`${where} on ${eventType}: move() is for MoveTicket, and MoveTicket for move()`);
        if (unknown.length > 0)
          problems.push(`${where} on ${eventType}: no lifecycle state ${unknown.join(', ')}`);
        return Object.freeze({ ...parsed, region: regionIndex, to: stateNames.indexOf(target) });
      });
      edges.set(eventType, Object.freeze(candidates));
    }
    return edges;
  });
}

function readCategories(lifecycle: AnyStateNode, problems: string[]): Category[] {
  return Object.values<AnyStateNode>(lifecycle.states).map((state) => {
    const tags = state.tags.filter(isCategory);
    if (tags.length !== 1)
      problems.push(`lifecycle.${state.key} needs exactly one category tag, it has ${tags.length}`);
    return tags[0] ?? 'open';
  });
}

/** A state's description is what it is called outside. */
function readLabels(lifecycle: AnyStateNode): ReadonlyMap<string, string> {
  const states = Object.values<AnyStateNode>(lifecycle.states);
  return new Map(states.flatMap(({ key, description }) => (description ? [[key, description]] : [])));
}

/** All combinations of the regions' states, the first region changing fastest. */
function combine(
  workflowId: string,
  regions: readonly Region[],
  edges: readonly Edges[][],
  categories: readonly Category[],
): WorkflowState[] {
  const count = regions.reduce((product, region) => product * region.states.length, 1);
  const all: WorkflowState[] = [];
  for (let index = 0; index < count; index += 1) {
    const locals = regions.map((region) => Math.floor(index / region.stride) % region.states.length);
    const values = regions.map((region, position) => region.states[locals[position] ?? -1] ?? '');
    const lifecycle = values[0] ?? '';
    const category = categories[locals[0] ?? -1] ?? 'open';
    const cells = new Map<TransitionType, Cell>();
    edges.forEach((regionEdges, position) => {
      const local = locals[position] ?? -1;
      const stride = regions[position]?.stride ?? 0;
      for (const [type, candidates] of regionEdges[local] ?? []) {
        const possible = candidates.filter((each) => each.during?.includes(lifecycle) ?? true);
        const present = possible.map((each) => placed(each, (each.to - local) * stride));
        if (present.length > 0) cells.set(type, Object.freeze([...(cells.get(type) ?? []), present]));
      }
    });
    const final = finalCategories.includes(category);
    const key = values.join('/');
    all.push(Object.freeze({ workflowId, all, key, index, values, lifecycle, category, final, cells }));
  }
  return all;
}

function placed(candidate: Candidate, shift: number): PlacedCandidate {
  const named = candidate.when.map((name) => guards[name]);
  const { asked } = candidate;
  return Object.freeze({
    ...candidate,
    shift,
    guards: asked === undefined ? named : [asksFor(asked), ...named],
  });
}
