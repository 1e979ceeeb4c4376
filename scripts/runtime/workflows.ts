/**
 * The workflows of a data folder: the built-in ones, and those added to its `workflows` folder as JSON files.
 * Whoever reads or writes a log of the folder needs all of them, because events name the rules they were
 * decided by.
 *
 * It must never let a version change under the events that name it: what was added is not replaced.
 */
import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { Fault } from '../../domain/errors.ts';
import { WorkflowProblem } from '../../domain/workflow/compile.ts';
import { readDefinition, type WorkflowDefinition } from '../../domain/workflow/definition.ts';
import { compileDefinition } from '../../domain/workflow/from-data.ts';
import { builtInWorkflows, Workflows } from '../../domain/workflow/registry.ts';
import type { CompiledWorkflow } from '../../domain/workflow/table.ts';
import { makeDataFolder, workflowFolder } from './data-folder.ts';

export const workflowFilesMax = 200;
export const workflowFileBytesMax = 4_194_304;

/**
 * All workflows of a data folder, the built-in ones first; of several versions of a name, new tickets get the
 * last in the order of their numbers. Throws `Fault('input_unreadable')` that names the file.
 */
export async function loadWorkflows(dataDir: string): Promise<Workflows> {
  const folder = workflowFolder(dataDir);
  const compiled: CompiledWorkflow[] = [];
  for (const file of await filesIn(folder)) {
    const { definition, workflow } = await readWorkflowFile(join(folder, file));
    const right = fileNameOf(definition);
    if (file !== right) {
      const message = `${join(folder, file)} holds ${workflow.id}, so it must be called ${right}`;
      throw new Fault('input_unreadable', message);
    }
    compiled.push(workflow);
  }
  return new Workflows([...builtInWorkflows.all(), ...compiled]);
}

export interface WorkflowFile {
  readonly definition: WorkflowDefinition;
  readonly workflow: CompiledWorkflow;
}

/** Reads and checks one file. Throws `Fault('input_unreadable')` that names it and all that is wrong. */
export async function readWorkflowFile(file: string): Promise<WorkflowFile> {
  try {
    const { size } = await stat(file);
    if (size > workflowFileBytesMax) {
      const message = `${file} has ${size} bytes; a workflow has at most ${workflowFileBytesMax}`;
      throw new Fault('input_unreadable', message);
    }
    const definition = readDefinition(JSON.parse(await readFile(file, 'utf8')), file);
    return { definition, workflow: compileDefinition(definition) };
  } catch (error) {
    if (error instanceof Fault) throw error;
    if (error instanceof WorkflowProblem) {
      const list = error.problems.map((problem) => `\n- ${problem}`).join('');
      throw new Fault('input_unreadable', `${file} is no workflow that can be used:${list}`, {
        cause: error,
      });
    }
    const why = error instanceof Error ? error.message : String(error);
    throw new Fault('input_unreadable', `${file} can not be read: ${why}`, { cause: error });
  }
}

export interface FoundProblems {
  /** `name@version` and how many lifecycle states it has, where the file is a workflow that can be used. */
  readonly id: string | undefined;
  readonly states: number | undefined;
  readonly problems: readonly string[];
}

/** What is wrong with what a file says. Throws `Fault('input_unreadable')` for one that can not be read. */
export async function workflowProblems(file: string): Promise<FoundProblems> {
  try {
    const { workflow } = await readWorkflowFile(file);
    return { id: workflow.id, states: workflow.regions[0]?.states.length, problems: [] };
  } catch (error) {
    const cause = error instanceof Fault ? error.cause : undefined;
    const none = { id: undefined, states: undefined };
    if (cause instanceof WorkflowProblem) return { ...none, problems: cause.problems };
    if (cause instanceof SyntaxError) return { ...none, problems: [`it is no JSON: ${cause.message}`] };
    throw error;
  }
}

/** Puts a workflow into the data folder. Throws where its version is there already, with other content. */
export async function addWorkflow(
  dataDir: string,
  definition: WorkflowDefinition,
): Promise<'added' | 'known'> {
  await makeDataFolder(dataDir);
  const folder = workflowFolder(dataDir);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const target = join(folder, fileNameOf(definition));
  const files = await filesIn(folder);
  if (!files.includes(fileNameOf(definition)) && files.length >= workflowFilesMax) {
    const message = `${folder} already holds ${files.length} workflows, and takes no more`;
    throw new Fault('input_unreadable', message);
  }
  // Written whole beside its place, then linked into it, which fails where another is there already.
  const draft = join(folder, `.${randomUUID()}.draft`);
  try {
    const handle = await open(draft, 'wx', 0o600);
    await handle.writeFile(workflowText(definition));
    await handle.sync();
    await handle.close();
    await link(draft, target);
    return 'added';
  } catch (error) {
    if (!isAlreadyThere(error)) throw error;
    const { definition: present } = await readWorkflowFile(target);
    if (isDeepStrictEqual(present, definition)) return 'known';
    const id = `${definition.name}@${definition.version}`;
    const message = `${target} holds another ${id}, which tickets may live under; give this one a new version`;
    throw new Fault('input_unreadable', message);
  } finally {
    await rm(draft, { force: true });
  }
}

/** A definition as a file: one state or move to a line, so that changes can be reviewed as such. */
export function workflowText(definition: WorkflowDefinition): string {
  const { states, moves, ...rest } = definition;
  // Where nothing is said, these are empty; told as such they only hide what matters.
  const line = (value: unknown) =>
    JSON.stringify(value, (key, each: unknown) =>
      (key === 'on' || key === 'when') && isEmpty(each) ? undefined : each,
    );
  const stateLines = Object.entries(states).map(([key, state]) => `    ${line(key)}: ${line(state)}`);
  const parts = Object.entries(rest)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `  ${line(name)}: ${line(value)}`);
  const moveLines = moves.map((move) => `    ${line(move)}`);
  parts.push(`  "states": {\n${stateLines.join(',\n')}\n  }`);
  parts.push(moveLines.length === 0 ? '  "moves": []' : `  "moves": [\n${moveLines.join(',\n')}\n  ]`);
  return `{\n${parts.join(',\n')}\n}\n`;
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

function fileNameOf({ name, version }: WorkflowDefinition): string {
  return `${name}@${version}.json`;
}

/** By name, and by version as people count: 9 before 10. None where there is no such folder. */
async function filesIn(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  });
  const files = names.filter((name) => name.endsWith('.json'));
  if (files.length > workflowFilesMax) {
    const message = `${folder} holds ${files.length} workflows; at most ${workflowFilesMax} are loaded`;
    throw new Fault('input_unreadable', message);
  }
  return files.sort(inOrder.compare);
}

const inOrder = new Intl.Collator('en', { numeric: true });

function isAlreadyThere(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EEXIST';
}
