/** `docket analyst create|list|drop`: logins that can read every read model and change nothing. */
import { text } from 'node:stream/consumers';
import { Command, InvalidArgumentError } from 'commander';
import {
  type CreateOutcome,
  createAnalyst,
  type DropOutcome,
  dropAnalyst,
  isAnalystName,
  listAnalysts,
} from '../../projections/analysts.ts';
import { analystRole } from '../../projections/roles.ts';
import { type DataOptions, databaseUrl, type JsonOptions, withDataDir, withJson } from '../cli/options.ts';
import { exitCodes, note, print, printJson, table } from '../cli/output.ts';
import {
  isPassword,
  newPassword,
  passwordCharactersMin,
  passwordVerifier,
} from '../runtime/password-verifier.ts';
import { openReadModels, type ReadModelDatabase } from '../runtime/read-models.ts';

type Options = DataOptions & JsonOptions;

export function analystCommand(): Command {
  const command = new Command('analyst').description('logins that read the read models and change nothing');
  const create = new Command('create')
    .description('make a login; its password is shown this once')
    .argument('<name>', 'lower-case letters, digits and _', readName)
    .option('--password-stdin', 'take the password from the standard input instead of making one');
  const drop = new Command('drop').description('remove a login').argument('<name>', 'an analyst', readName);
  command.addCommand(withJson(withDataDir(create)).action(createOne));
  command.addCommand(withJson(withDataDir(new Command('list').description('all of them'))).action(list));
  command.addCommand(withJson(withDataDir(drop)).action(dropOne));
  return command;
}

function readName(name: string): string {
  if (isAnalystName(name)) return name;
  throw new InvalidArgumentError(
    `It must be 1 to 63 lower-case letters, digits and _, beginning with a letter; not pg_… or ${analystRole}.`,
  );
}

const whyNotCreated: Readonly<Record<Exclude<CreateOutcome, 'created'>, string>> = {
  name_taken: 'the server has a role of that name already; choose another one',
  no_group:
    `the role ${analystRole} is missing. \`docket projector --until-caught-up\` makes it; on a server where your` +
    ` user lacks CREATEROLE, ask for \`CREATE ROLE ${analystRole} NOLOGIN\` first`,
  not_permitted: `your user of the server may not make roles or add members to ${analystRole}`,
};

const whyNotDropped: Readonly<Record<Exclude<DropOutcome, 'dropped'>, string>> = {
  not_an_analyst: 'it is no analyst: only logins that are nothing else are dropped here',
  owns_objects: 'it owns something in this server, or has rights that were given to it by hand',
  not_permitted: 'your user of the server may not drop it',
};

async function createOne(name: string, options: Options & { passwordStdin?: true }): Promise<void> {
  const given = options.passwordStdin ? (await text(process.stdin)).replace(/\r?\n$/, '') : undefined;
  if (given !== undefined && !isPassword(given)) {
    note(`docket: a password must be ${passwordCharactersMin} to 200 printable ASCII characters on one line`);
    process.exitCode = exitCodes.usage;
    return;
  }
  const password = given ?? newPassword();
  const { outcome, url } = await withReadModels(options, async ({ database, url }) => ({
    outcome: await createAnalyst(database, name, passwordVerifier(password)),
    url,
  }));
  if (outcome !== 'created') return refuse(`${name} was not made: ${whyNotCreated[outcome]}`);
  const shown = given === undefined ? { password } : {};
  const place = urlFor(url, name);
  if (options.json) return printJson({ name, url: place, ...shown });
  print(`${name} can read everything in schema docket and change nothing.`);
  if (given === undefined) print(`password: ${password}   (not shown again)`);
  print(`psql '${place}'`);
}

async function list(options: Options): Promise<void> {
  const analysts = await withReadModels(options, ({ database }) => listAnalysts(database));
  if (options.json) return printJson(analysts);
  if (analysts.length === 0) return print('There is no analyst yet; `docket analyst create NAME` makes one.');
  print(
    table(
      ['analyst', 'connections'],
      analysts.map((each) => [each.name, each.connections]),
    ),
  );
}

async function dropOne(name: string, options: Options): Promise<void> {
  const outcome = await withReadModels(options, ({ database }) => dropAnalyst(database, name));
  if (outcome !== 'dropped') return refuse(`${name} was not dropped: ${whyNotDropped[outcome]}`);
  if (options.json) return printJson({ name, dropped: true });
  print(`${name} is gone.`);
}

async function withReadModels<T>(
  options: Options,
  work: (models: ReadModelDatabase) => Promise<T>,
): Promise<T> {
  const applicationName = 'docket analyst';
  const models = await openReadModels({ ...options, databaseUrl: databaseUrl(), applicationName });
  return work(models).finally(() => models.close());
}

/** Where to connect, without the password: it is asked for. */
function urlFor(url: string, name: string): string {
  const own = new URL(url);
  own.username = name;
  own.password = '';
  return own.href;
}

function refuse(why: string): void {
  note(`docket: ${why}`);
  process.exitCode = exitCodes.problemsFound;
}
