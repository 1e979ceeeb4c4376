/**
 * The log as somebody with certain roles would see it, for exports that are handed on. The rules are those
 * of a file where one is given, else the built-in ones; never the built-in ones where others were applied.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { type Command, InvalidArgumentError } from 'commander';
import { z } from 'zod';
import { celExpressions } from '../../adapters/expressions/cel-expressions.ts';
import { AccessControl } from '../../domain/access/access-control.ts';
import { checkPolicy } from '../../domain/access/check-policy.ts';
import { defaultPolicy } from '../../domain/access/default-policy.ts';
import { guardedReader } from '../../domain/access/guarded-reader.ts';
import { type AccessPolicy, accessPolicySchema } from '../../domain/access/policy.ts';
import type { Principal } from '../../domain/access/principal.ts';
import { Fault } from '../../domain/errors.ts';
import type { Expressions } from '../../domain/expressions.ts';
import type { EventReader } from '../../domain/ports.ts';
import { defaultWorkflow } from '../../domain/workflow/registry.ts';
import type { DataOptions } from '../cli/options.ts';
import { accessJournalFile } from './data-folder.ts';
import { loadWorkflows } from './workflows.ts';

export interface SeenByOptions {
  readonly asRoles?: readonly string[];
  readonly asUser?: string;
  readonly asGroups?: readonly string[];
  readonly policy?: string;
}

export function withSeenBy(command: Command): Command {
  return command
    .option('--as-roles <roles>', 'only what these roles may see, separated by commas', readNames)
    .option('--as-user <id>', 'with --as-roles: who asks, for rules about one’s own tickets')
    .option('--as-groups <groups>', 'with --as-roles: the groups of who asks', readNames)
    .option('--policy <file>', 'with --as-roles: access rules as JSON instead of those in force');
}

function readNames(text: string): readonly string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.every((name) => name !== '')) return names;
  throw new InvalidArgumentError('It must be names separated by commas, such as agent,auditor.');
}

/** Refuses the options that mean nothing alone: whoever gives one does not want to hand on everything. */
export function refuseUnseen({ asRoles, asUser, asGroups, policy }: SeenByOptions, command: Command): void {
  if (asRoles !== undefined) return;
  for (const [name, value] of Object.entries({ 'as-user': asUser, 'as-groups': asGroups, policy })) {
    if (value !== undefined)
      command.error(`error: --${name} needs --as-roles, without which all is exported`);
  }
}

/** Closes `reader` where the rules can not be used; throws `Fault` with what is wrong with them. */
export async function seenBy(
  reader: EventReader,
  options: SeenByOptions & DataOptions,
): Promise<EventReader> {
  const { asRoles, asUser = 'export', asGroups = [] } = options;
  if (asRoles === undefined) return reader;
  try {
    const expressions = celExpressions();
    const policy = await rulesFor(options, expressions);
    const unknown = asRoles.find((role) => !Object.hasOwn(policy.roles, role));
    if (unknown !== undefined) {
      const declared = Object.keys(policy.roles).join(', ');
      throw new Fault(
        'input_unreadable',
        `--as-roles: there is no role ${unknown}; declared are ${declared}`,
      );
    }
    const workflows = await loadWorkflows(options.dataDir);
    const access = new AccessControl({ policy, version: 1, expressions, workflows, defaultWorkflow });
    return guardedReader(reader, access.guardOf(whoAsks(asUser, asRoles, asGroups)));
  } catch (error) {
    await reader.close();
    throw error;
  }
}

function whoAsks(user: string, roles: readonly string[], groups: readonly string[]): Principal {
  const actor = { id: user, role: 'agent' } as const;
  return {
    id: `export:${user}`,
    actor,
    roles,
    groups,
    scopes: new Set(['tickets:read']),
    isActive: () => true,
  };
}

async function rulesFor(
  { policy: file, dataDir }: SeenByOptions & DataOptions,
  expressions: Expressions,
): Promise<AccessPolicy> {
  if (file !== undefined) return readPolicy(file, expressions);
  if (!existsSync(accessJournalFile(dataDir))) return defaultPolicy;
  throw new Fault(
    'input_unreadable',
    `${dataDir} may have access rules of its own: save those in force with \`docket access show\` and name the file with --policy`,
  );
}

async function readPolicy(file: string, expressions: Expressions): Promise<AccessPolicy> {
  const unreadable = (reason: string, cause?: unknown) =>
    new Fault('input_unreadable', `${file}: ${reason}`, { cause });
  let input: unknown;
  try {
    input = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw unreadable(`not readable as JSON (${error instanceof Error ? error.message : error})`, error);
  }
  const result = accessPolicySchema.safeParse(input);
  if (!result.success) throw unreadable(`no access policy:\n${z.prettifyError(result.error)}`, result.error);
  const [problem] = checkPolicy(result.data, expressions);
  if (problem !== undefined) throw unreadable(`${problem.path}: ${problem.message}`);
  return result.data;
}
