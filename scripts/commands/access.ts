/**
 * `docket access show|check|apply|explain|audit`: the rules by which it is decided who may do what, why they
 * say so, and who changed them.
 */
import { readFile } from 'node:fs/promises';
import { Command, InvalidArgumentError } from 'commander';
import type { AuditJson } from '../../adapters/http/access-json.ts';
import type { AccessQuestion } from '../../domain/access/administration-port.ts';
import { type AskedOperation, askedOperations } from '../../domain/access/operations.ts';
import { type AccessPolicy, accessPolicySchema } from '../../domain/access/policy.ts';
import { Fault } from '../../domain/errors.ts';
import { actorSchema } from '../../domain/ticket/values.ts';
import { type JsonOptions, type LogOptions, wholeNumber, withJson, withLog } from '../cli/options.ts';
import { exitCodes, print, printJson, table } from '../cli/output.ts';
import { atDesk } from '../runtime/access-desk.ts';
import { policyProblems } from '../runtime/access-rules.ts';
import { readActor } from './key.ts';

type AccessOptions = LogOptions & JsonOptions;

interface ExplainOptions extends AccessOptions {
  readonly operation: AskedOperation;
  readonly ticket?: string;
  readonly field?: string;
  readonly key?: string;
  readonly roles?: string;
  readonly groups?: string;
  readonly actor?: { readonly id: string; readonly role: string };
}

export function accessCommand(): Command {
  const shown = new Command('show').description('the policy in force, as JSON that `apply` takes');
  const checked = new Command('check')
    .description('say what is wrong with a policy given as a JSON file, or that nothing is')
    .argument('<file>', 'the JSON file');
  const applied = new Command('apply')
    .description('decide everything by the policy in a JSON file from now on')
    .argument('<file>', 'the JSON file')
    .option('--expect-version <number>', 'only if the policy in force has this version', wholeNumber(0))
    .option('--reason <words>', 'why, for whoever reads the audit later');
  const explained = new Command('explain')
    .description('say why somebody may or may not do something')
    .requiredOption('--operation <name>', askedOperations.join(', '), readOperation)
    .option('--ticket <id>', 'on this ticket, as it is now')
    .option('--field <name>', 'about this field or attribute')
    .option('--key <id>', 'for whoever has this key')
    .option('--actor <id:role>', 'or for anybody like this, as ana:agent', readActor)
    .option('--roles <roles>', 'with these roles, joined by commas')
    .option('--groups <groups>', 'and these groups, joined by commas');
  const audited = new Command('audit').description('who changed which keys and rules, and when');
  return new Command('access')
    .description('the rules by which it is decided who may do what')
    .addCommand(withJson(withLog(shown)).action(show))
    .addCommand(withJson(checked).action(check))
    .addCommand(withJson(withLog(applied)).action(apply))
    .addCommand(withJson(withLog(explained)).action(explain))
    .addCommand(withJson(withLog(audited)).action(audit));
}

function show(options: AccessOptions): Promise<void> {
  return atDesk(options, async (desk) => {
    const { version, policy } = await desk.policy();
    if (options.json) return printJson({ version, policy });
    // The policy alone on stdout, so that a file of it can be changed and applied.
    print(JSON.stringify(policy, undefined, 2));
    process.stderr.write(`version ${version}${version === 0 ? ', the built-in one' : ''}\n`);
  });
}

async function check(file: string, { json }: JsonOptions): Promise<void> {
  const read = await readPolicy(file);
  const problems = 'problems' in read ? read.problems : policyProblems(read.policy);
  const ok = problems.length === 0;
  if (!ok) process.exitCode = exitCodes.problemsFound;
  if (json) printJson({ ok, problems });
  else print(ok ? `ok: ${file} can be applied` : notUsable(file, problems));
}

async function apply(
  file: string,
  options: AccessOptions & { readonly expectVersion?: number; readonly reason?: string },
): Promise<void> {
  const read = await readPolicy(file);
  if ('problems' in read) throw new Fault('input_unreadable', notUsable(file, read.problems));
  const { expectVersion: expectedVersion, reason } = options;
  await atDesk(options, async (desk) => {
    const { version } = await desk.changePolicy(read.policy, { expectedVersion, reason });
    if (options.json) printJson({ version });
    else print(`the policy in force is version ${version}`);
  });
}

function explain(options: ExplainOptions): Promise<void> {
  const { operation, ticket: ticketId, field } = options;
  const question = { operation, ticketId, field, as: askedAs(options) };
  return atDesk(options, async (desk) => {
    const explanation = await desk.explain(question);
    if (options.json) printJson(explanation);
    else print(JSON.stringify(explanation, undefined, 2));
  });
}

function audit(options: AccessOptions): Promise<void> {
  return atDesk(options, async (desk) => {
    const entries = await desk.audit();
    if (options.json) return printJson(entries);
    const rows = entries.map((entry) => [
      entry.position,
      entry.recordedAt,
      entry.by,
      entry.type,
      wordsOf(entry),
    ]);
    print(table(['', 'when', 'by', 'what', ''], rows));
  });
}

function askedAs({ key, actor, roles, groups }: ExplainOptions): AccessQuestion['as'] {
  if (key !== undefined) return { keyId: key };
  if (actor === undefined && roles === undefined && groups === undefined) return undefined;
  return {
    actor: actorSchema.parse(actor ?? { id: 'nobody-in-particular', role: 'requester' }),
    roles: wordsIn(roles),
    groups: wordsIn(groups),
  };
}

function wordsIn(text: string | undefined): readonly string[] {
  return (text ?? '').split(',').filter((word) => word !== '');
}

function wordsOf({ keyId, grant, oldUntil, version, rules, reason, effective }: AuditJson): string {
  const parts = [
    keyId,
    grant === undefined ? undefined : `${grant.name}: ${[...grant.roles, ...grant.scopes].join(', ')}`,
    oldUntil === undefined ? undefined : `the old secret holds until ${oldUntil}`,
    version === undefined ? undefined : `version ${version}`,
    rules === undefined
      ? undefined
      : [signed('+', rules.added), signed('-', rules.removed), signed('~', rules.changed)].flat().join(' '),
    effective === false ? 'did not take effect: another change came first' : undefined,
    reason,
  ];
  return parts.filter((part) => part !== undefined && part !== '').join('; ');
}

function signed(sign: string, ids: readonly string[]): readonly string[] {
  return ids.map((id) => `${sign}${id}`);
}

function notUsable(file: string, problems: readonly string[]): string {
  return `${file} can not be used:\n${problems.map((problem) => `- ${problem}`).join('\n')}`;
}

async function readPolicy(
  file: string,
): Promise<{ readonly policy: AccessPolicy } | { readonly problems: readonly string[] }> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new Fault('input_unreadable', `${file} can not be read`, { cause });
  });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { problems: [`it is no JSON: ${error instanceof Error ? error.message : ''}`] };
  }
  const result = accessPolicySchema.safeParse(value);
  if (result.success) return { policy: result.data };
  return {
    problems: result.error.issues.map(({ path, message }) => `${path.join('.') || 'it'}: ${message}`),
  };
}

function readOperation(text: string): AskedOperation {
  const found = askedOperations.find((each) => each === text);
  if (found !== undefined) return found;
  throw new InvalidArgumentError(`It must be one of ${askedOperations.join(', ')}.`);
}
