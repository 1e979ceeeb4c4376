/** `docket workflow list|show`: the rules that tickets live under. */
import { Command } from 'commander';
import { guardRows, mermaid, stateRows, transitionRows } from '../../domain/workflow/describe.ts';
import { builtInWorkflows, defaultWorkflow } from '../../domain/workflow/registry.ts';
import type { CompiledWorkflow } from '../../domain/workflow/table.ts';
import { type JsonOptions, withJson } from '../cli/options.ts';
import { exitCodes, note, print, printJson, table } from '../cli/output.ts';

export function workflowCommand(): Command {
  const command = new Command('workflow').description('the rules that tickets live under');
  command.addCommand(withJson(new Command('list').description('the workflows that are known')).action(list));
  command.addCommand(
    withJson(new Command('show').description('states, transitions, who may fire them and under which guards'))
      .argument('<name>', 'a workflow, such as support or incident@1')
      .option('--mermaid', 'print a Mermaid diagram instead')
      .option('--region <name>', 'with --mermaid: only this region')
      .action(show),
  );
  return command;
}

function list(options: JsonOptions): void {
  const workflows = builtInWorkflows.all().map((workflow) => ({
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

function show(name: string, options: JsonOptions & { mermaid?: true; region?: string }): void {
  const workflow = builtInWorkflows.find(name);
  if (workflow === undefined) {
    note(
      `docket: there is no workflow ${name}; known are ${builtInWorkflows
        .all()
        .map((each) => each.id)
        .join(', ')}`,
    );
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

function describe(workflow: CompiledWorkflow) {
  return {
    id: workflow.id,
    description: workflow.description,
    states: stateRows(workflow),
    transitions: transitionRows(workflow),
    guards: guardRows(workflow),
  };
}

function showForPeople(workflow: CompiledWorkflow): void {
  const { id, description, states, transitions, guards } = describe(workflow);
  print(`${id}: ${description}\n`);
  const marks = (state: (typeof states)[number]) =>
    [state.initial ? 'initial' : '', state.final ? 'final' : ''].filter((mark) => mark !== '').join(', ');
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
