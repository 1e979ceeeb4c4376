/** `docket workflow list|show|check|add`: the rules that tickets live under. */
import { Command } from 'commander';
import { guardRows, mermaid, stateRows, transitionRows } from '../../domain/workflow/describe.ts';
import { defaultWorkflow } from '../../domain/workflow/registry.ts';
import type { CompiledWorkflow } from '../../domain/workflow/table.ts';
import { type DataOptions, type JsonOptions, withDataDir, withJson } from '../cli/options.ts';
import { exitCodes, note, print, printJson, table } from '../cli/output.ts';
import { addWorkflow, loadWorkflows, readWorkflowFile, workflowProblems } from '../runtime/workflows.ts';
import { discoverCommand } from './workflow-discover.ts';

export function workflowCommand(): Command {
  const command = new Command('workflow').description('the rules that tickets live under');
  const shown = new Command('show').description(
    'states, transitions, who may fire them and under which guards',
  );
  const checked = new Command('check').description(
    'say what is wrong with a workflow given as a JSON file, or that nothing is',
  );
  const added = new Command('add').description(
    'check a workflow given as a JSON file, and put it into the data folder; a version is never replaced',
  );
  command.addCommand(
    withJson(withDataDir(new Command('list').description('the workflows that are known'))).action(list),
  );
  command.addCommand(
    withJson(withDataDir(shown))
      .argument('<name>', 'a workflow, such as support or incident@1')
      .option('--mermaid', 'print a Mermaid diagram instead')
      .option('--region <name>', 'with --mermaid: only this region')
      .action(show),
  );
  command.addCommand(withJson(checked).argument('<file>', 'the JSON file').action(check));
  command.addCommand(withDataDir(added).argument('<file>', 'the JSON file').action(add));
  command.addCommand(discoverCommand());
  return command;
}

async function list(options: JsonOptions & DataOptions): Promise<void> {
  const known = await loadWorkflows(options.dataDir);
  const workflows = known.all().map((workflow) => ({
    id: workflow.id,
    default: workflow.name === defaultWorkflow,
    regions: workflow.regions.map((region) => region.name),
    description: workflow.description,
  }));
  if (options.json) {
    printJson(workflows);
    return;
  }
  const rows = workflows.map((each) => [
    each.id + (each.default ? ' (default)' : ''),
    each.regions.join(', '),
    each.description,
  ]);
  print(table(['workflow', 'regions', 'description'], rows));
}

async function show(
  name: string,
  options: JsonOptions & DataOptions & { mermaid?: true; region?: string },
): Promise<void> {
  const known = await loadWorkflows(options.dataDir);
  const workflow = known.find(name);
  if (workflow === undefined) {
    const ids = known.all().map((each) => each.id);
    note(`docket: there is no workflow ${name}; known are ${ids.join(', ')}`);
    process.exitCode = exitCodes.usage;
    return;
  }
  const regions = workflow.regions.map((region) => region.name);
  if (options.region !== undefined && !regions.includes(options.region)) {
    note(`docket: ${workflow.id} has no region ${options.region}; it has ${regions.join(', ')}`);
    process.exitCode = exitCodes.usage;
    return;
  }
  if (options.mermaid) process.stdout.write(mermaid(workflow, options.region));
  else if (options.json) printJson(describe(workflow));
  else showForPeople(workflow);
}

async function check(file: string, options: JsonOptions): Promise<void> {
  const found = await workflowProblems(file);
  const ok = found.problems.length === 0;
  if (!ok) process.exitCode = exitCodes.problemsFound;
  if (options.json) printJson({ ok, ...found });
  else if (ok) print(`ok: ${found.id}, ${found.states} states`);
  else print(`${file} can not be used:\n${found.problems.map((problem) => `- ${problem}`).join('\n')}`);
}

async function add(file: string, { dataDir }: DataOptions): Promise<void> {
  const { definition, workflow } = await readWorkflowFile(file);
  const outcome = await addWorkflow(dataDir, definition);
  if (outcome === 'known') {
    print(`${workflow.id} is there already, as it is in ${file}`);
    return;
  }
  print(`${workflow.id} was added to ${dataDir}`);
  note('A server or projector that is running does not know it yet: start it again.');
}

function describe(workflow: CompiledWorkflow) {
  return {
    id: workflow.id,
    description: workflow.description,
    labels: Object.fromEntries(workflow.labels),
    states: stateRows(workflow),
    transitions: transitionRows(workflow),
    guards: guardRows(workflow),
  };
}

function showForPeople(workflow: CompiledWorkflow): void {
  const { id, description, labels, states, transitions, guards } = describe(workflow);
  print(`${id}: ${description}\n`);
  const marks = ({ region, state, initial, final }: (typeof states)[number]) => {
    const label = region === 'lifecycle' ? labels[state] : undefined;
    const called = label === undefined ? '' : `called ${label}`;
    return [initial ? 'initial' : '', final ? 'final' : '', called].filter((mark) => mark !== '').join(', ');
  };
  print(
    table(
      ['region', 'state', 'category', ''],
      states.map((each) => [each.region, each.state, each.category ?? '', marks(each)]),
    ),
  );
  print();
  const rows = transitions.map((each) => [
    each.region,
    each.from,
    each.command,
    each.to,
    each.by.join(', '),
    each.when.join(', '),
  ]);
  print(table(['region', 'from', 'command', 'to', 'by', 'guards'], rows));
  print();
  print(
    table(
      ['guard', 'holds when'],
      guards.map((each) => [each.guard, each.meaning]),
    ),
  );
}
