/**
 * `docket key create|list|revoke|rotate`: API keys. A secret is printed once, alone on stdout, so that it can
 * go straight into a file or a variable; everything else that is said about it goes to stderr.
 */
import { Command, InvalidArgumentError } from 'commander';
import type { AccessDesk } from '../../adapters/http/access-client.ts';
import type { KeyJson, NewKeyJson } from '../../adapters/http/access-json.ts';
import { scopes } from '../../domain/access/principal.ts';
import { roles } from '../../domain/ticket/values.ts';
import { duration } from '../cli/durations.ts';
import { type JsonOptions, type LogOptions, withJson, withLog } from '../cli/options.ts';
import { note, print, printJson, table } from '../cli/output.ts';
import { atDesk } from '../runtime/access-desk.ts';
import { systemClock } from '../runtime/system.ts';

type KeyOptions = LogOptions & JsonOptions;

interface CreateOptions extends KeyOptions {
  readonly name: string;
  readonly role: readonly string[];
  readonly scope: readonly string[];
  readonly group: readonly string[];
  readonly actor?: { readonly id: string; readonly role: string };
  readonly expires?: number;
}

const expiryDaysMax = 3_650;
const overlapDaysMax = 30;

export function keyCommand(): Command {
  const created = new Command('create')
    .description('make a key and print its text, once: only a hash of it is kept')
    .requiredOption('--name <name>', 'what the key is for, as zendesk-sync')
    .option('--role <role>', "one of the access policy's roles; may be given several times", gather, [])
    .option('--scope <scope>', `one of ${scopes.join(', ')}; may be given several times`, gatherScope, [])
    .option('--group <group>', 'a group of agents; may be given several times', gather, [])
    .option('--actor <id:role>', 'whom its commands come from; else an integration with its name', readActor)
    .option('--expires <time>', 'when it ceases to hold, from now: 90d, 24h', duration(expiryDaysMax));
  const rotated = new Command('rotate')
    .description('give a key a new secret and print its text, once')
    .argument('<id>', 'the key, as `docket key list` shows it')
    .option('--overlap <time>', 'how long the old secret holds as well: 24h', duration(overlapDaysMax), 0);
  const revoked = new Command('revoke')
    .description('let a key hold no more, at once')
    .argument('<id>', 'the key, as `docket key list` shows it')
    .requiredOption('--reason <words>', 'why, for whoever reads the audit later');
  return new Command('key')
    .description('API keys: who may come in, and as whom')
    .addCommand(withJson(withLog(created)).action(create))
    .addCommand(
      withJson(withLog(new Command('list').description('keys, without their secrets'))).action(list),
    )
    .addCommand(withJson(withLog(rotated)).action(rotate))
    .addCommand(withJson(withLog(revoked)).action(revoke));
}

function create(options: CreateOptions): Promise<void> {
  const { name, role, scope, group, actor = { id: name, role: 'integration' }, expires } = options;
  const expiresAt = expires === undefined ? undefined : systemClock.now() + expires;
  const wanted = { name, actor, roles: role, groups: group, scopes: scope, expiresAt };
  return atDesk(options, async (desk) => tellNew(await desk.createKey(wanted), options));
}

function list(options: KeyOptions): Promise<void> {
  return atDesk(options, async (desk: AccessDesk) => {
    const keys = await desk.keys();
    if (options.json) return printJson(keys);
    const headings = ['id', 'name', 'state', 'acts as', 'roles', 'scopes', 'expires', 'made by'];
    print(table(headings, keys.map(rowOf)));
  });
}

function rotate(keyId: string, options: KeyOptions & { readonly overlap: number }): Promise<void> {
  return atDesk(options, async (desk) => {
    tellNew(await desk.rotateKey(keyId, options.overlap), options);
    if (options.overlap === 0) note('The old secret holds no more.');
  });
}

function revoke(keyId: string, options: KeyOptions & { readonly reason: string }): Promise<void> {
  return atDesk(options, async (desk) => {
    const key = await desk.revokeKey(keyId, options.reason);
    if (options.json) printJson(key);
    else print(`${key.keyId} (${key.name}) holds no more`);
  });
}

function tellNew({ key, text }: NewKeyJson, { json }: JsonOptions): void {
  if (json) {
    printJson({ key, text });
    return;
  }
  note(`${key.keyId} (${key.name}) acts as ${actorOf(key)}. Keep its text; it is not shown again:`);
  print(text);
  if (key.oldUntil !== undefined) note(`The old secret holds until ${key.oldUntil}.`);
}

function rowOf(key: KeyJson): readonly string[] {
  const { keyId, name, state, createdBy, expiresAt = 'never' } = key;
  return [keyId, name, state, actorOf(key), key.roles.join(','), key.scopes.join(','), expiresAt, createdBy];
}

function actorOf({ actor }: KeyJson): string {
  return `${actor.id}:${actor.role}`;
}

function gather(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

function gatherScope(value: string, before: readonly string[]): readonly string[] {
  if (scopes.some((scope) => scope === value)) return [...before, value];
  throw new InvalidArgumentError(`It must be one of ${scopes.join(', ')}.`);
}

/** The last colon parts the two: ids may hold others. */
export function readActor(text: string): { id: string; role: string } {
  const at = text.lastIndexOf(':');
  const [id, role] = [text.slice(0, at), text.slice(at + 1)];
  if (at > 0 && roles.some((each) => each === role)) return { id, role };
  throw new InvalidArgumentError(`It must be an id and a role, as ana:agent; roles are ${roles.join(', ')}.`);
}
