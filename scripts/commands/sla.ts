/** `docket sla check|show`: what tickets are promised. */
import { Command } from 'commander';
import type { SlaPolicy, SlaRules } from '../../domain/sla/policies.ts';
import { type DataOptions, type JsonOptions, withDataDir, withJson } from '../cli/options.ts';
import { print, printJson, table } from '../cli/output.ts';
import { loadCalendars } from '../runtime/calendars.ts';
import { loadSla, readSla } from '../runtime/sla.ts';

export function slaCommand(): Command {
  const check = new Command('check')
    .description('whether a file of SLA policies can be used, and what it promises')
    .argument('<file>', 'policies as JSON; docs/sla.md describes them')
    .action(async (file: string, options: DataOptions & JsonOptions) =>
      tell(await readSla(file, await loadCalendars(options.dataDir)), options),
    );
  const show = new Command('show')
    .description('the SLA policies of the data folder')
    .action(async (options: DataOptions & JsonOptions) =>
      tell(await loadSla(options.dataDir, await loadCalendars(options.dataDir)), options),
    );
  return new Command('sla')
    .description('what tickets are promised, and by when')
    .addCommand(withJson(withDataDir(check)))
    .addCommand(withJson(withDataDir(show)));
}

function tell(rules: SlaRules | undefined, options: JsonOptions): void {
  const policies = rules?.policies ?? [];
  if (options.json) {
    printJson({ policies });
    return;
  }
  if (policies.length === 0) {
    print('Nothing is promised: there are no SLA policies.');
    return;
  }
  const rows = policies.flatMap((policy, index) =>
    policy.targets.map((target) => [
      String(index + 1),
      `${policy.name}@${policy.version}`,
      conditions(policy),
      target.metric,
      target.priority,
      `${target.minutes} min`,
      target.hours === 'business' ? (policy.calendar ?? 'business, by group') : 'every hour',
    ]),
  );
  print(table(['', 'policy', 'applies to', 'metric', 'priority', 'target', 'hours'], rows));
  print('\nThe first policy that matches a ticket applies.');
}

function conditions({ when, from }: SlaPolicy): string {
  const said = [
    ...(when.workflow === undefined ? [] : [`workflow ${when.workflow}`]),
    ...(when.group === undefined ? [] : [`group ${when.group.join(' or ')}`]),
    ...(when.category === undefined ? [] : [`category ${when.category.join(' or ')}`]),
    ...Object.entries(when.fields ?? {}).map(([name, values]) => `${name} ${values.join(' or ')}`),
    ...(from === undefined ? [] : [`from ${new Date(from).toISOString()}`]),
  ];
  return said.length === 0 ? 'every ticket' : said.join(', ');
}
