/**
 * `docket projections`: what read models there are and how far they are, building one anew beside the live
 * one, and the tickets that had to be left behind.
 */
import { hostname } from 'node:os';
import { Command } from 'commander';
import { Fault } from '../../domain/errors.ts';
import type { EventReader } from '../../domain/ports.ts';
import { readBuilds } from '../../projections/build.ts';
import { applicationNameOf } from '../../projections/ownership.ts';
import { readParkedLive, requestParking, requestRetry } from '../../projections/parking.ts';
import { readModels } from '../../projections/read-models.ts';
import { abandonRebuild } from '../../projections/rebuild.ts';
import { projectionStatus } from '../../projections/status.ts';
import { databaseUrl, type JsonOptions, type LogOptions, withJson, withLog } from '../cli/options.ts';
import { exitCodes, print, printJson, table } from '../cli/output.ts';
import { openExistingLog } from '../runtime/existing-log.ts';
import { openReadModels, type ReadModelDatabase } from '../runtime/read-models.ts';
import { rebuild } from '../runtime/rebuild.ts';
import { systemClock } from '../runtime/system.ts';
import { loadWorkflows } from '../runtime/workflows.ts';

type Options = LogOptions & JsonOptions;

export function projectionsCommand(): Command {
  const command = new Command('projections').description(
    'the read models: state, rebuilding, parked tickets',
  );
  const add = (each: Command) => command.addCommand(withJson(withLog(each)));
  add(new Command('list').description('the read models of this release and their tables').action(list));
  add(
    new Command('status')
      .description('how far each is and how far behind, who keeps it, and what it left behind')
      .action(status),
  );
  add(
    new Command('rebuild')
      .description(
        'build read models anew beside the live ones, which readers see until the new ones are done',
      )
      .argument('[names...]', 'the read models; all of them where none is named')
      .option('--abandon', 'drop unfinished new ones instead')
      .action(rebuildNamed),
  );
  add(
    new Command('park')
      .description('leave a ticket alone in a read model, from now on')
      .argument('<name>', 'the read model')
      .argument('<ticket>', 'the ticket')
      .option('--reason <text>', 'why, for whoever looks at the status', 'parked by hand')
      .action(park),
  );
  add(
    new Command('retry')
      .description('have parked tickets tried again; the projector at work does it')
      .argument('[name]', 'only in this read model')
      .argument('[ticket]', 'only this ticket')
      .action(retry),
  );
  return command;
}

function list(options: Options): void {
  const rows = readModels.map(({ name, version, tables }) => ({
    name,
    version,
    tables: tables.map((each) => each.name),
  }));
  if (options.json) printJson(rows);
  else
    print(
      table(
        ['read model', 'version', 'tables'],
        rows.map((each) => [each.name, each.version, each.tables.join(', ')]),
      ),
    );
}

async function status(options: Options): Promise<void> {
  await withReadModels(options, async ({ database }, reader) => {
    const rows = await projectionStatus(database, reader);
    const parked = rows.length === 0 ? [] : await readParkedLive(database);
    if (parked.length > 0) process.exitCode = exitCodes.problemsFound;
    if (options.json) {
      printJson({ projections: rows, parked });
      return;
    }
    const cells = rows.map((each) => [
      each.projection,
      `b${each.build} v${each.version}`,
      each.state,
      each.position,
      each.lagEvents,
      each.recordedAt === undefined ? '' : new Date(each.recordedAt).toISOString(),
      each.parked,
      each.owner ?? 'nobody',
    ]);
    print(table(['read model', 'build', 'state', 'position', 'behind', 'as of', 'parked', 'kept by'], cells));
    if (parked.length === 0) return;
    print('\nParked tickets (their rows stand still; `docket projections retry` tries again):');
    const parkedCells = parked.map((each) => [
      each.projection,
      each.ticket_id,
      each.position,
      each.attempts,
      each.reason,
    ]);
    print(table(['read model', 'ticket', 'position', 'tries', 'reason'], parkedCells));
  });
}

async function rebuildNamed(names: readonly string[], options: Options & { abandon?: true }): Promise<void> {
  const chosen = chooseReadModels(names);
  const owner = `${hostname()}/${process.pid}`;
  await withReadModels(
    options,
    async ({ database }, reader) => {
      if (options.abandon) {
        const dropped = await abandonRebuild(database, chosen);
        if (options.json) printJson({ dropped });
        else print(`${dropped} unfinished builds were dropped`);
        return;
      }
      const workflows = await loadWorkflows(options.dataDir);
      const parts = { database, reader, workflows, projections: chosen, owner };
      const result = await rebuild({ ...parts, ...options });
      if (options.json) printJson(result);
      else if (result.finished) print(`readers see the new rows of ${result.projections.join(', ')}`);
      else print('interrupted; the same command goes on from there, and --abandon drops what there is');
    },
    applicationNameOf(owner),
  );
}

async function park(
  name: string,
  ticketId: string,
  { reason, ...options }: Options & { reason: string },
): Promise<void> {
  chooseReadModels([name]);
  await withReadModels(options, async ({ database }, reader) => {
    const [event] = await reader.readTicket(ticketId);
    if (event === undefined) throw new Fault('input_unreadable', `the log has no ticket ${ticketId}`);
    const live = (await readBuilds(database)).find(
      (each) => each.projection === name && each.state === 'live',
    );
    if (live === undefined) throw new Fault('projection_failed', `${name} has not been projected yet`);
    const { partition } = event;
    const fresh = await requestParking(database, live, { ticketId, partition, reason }, systemClock.now());
    if (options.json) printJson({ parked: fresh });
    else
      print(
        fresh ? `${ticketId} is left alone in ${name} from now on` : `${ticketId} was parked there already`,
      );
  });
}

async function retry(
  name: string | undefined,
  ticketId: string | undefined,
  options: Options,
): Promise<void> {
  if (name !== undefined) chooseReadModels([name]);
  await withReadModels(options, async ({ database }) => {
    const tickets = await requestRetry(database, { projection: name, ticketId });
    if (options.json) printJson({ requested: tickets });
    else if (tickets === 0) print('there is no such parked ticket');
    else print(`${tickets} to be tried again, by the projector that is at work or the next one`);
  });
}

/** Ends the command with a message where a name is none of theirs. */
function chooseReadModels(names: readonly string[]) {
  const unknown = names.filter((name) => !readModels.some((each) => each.name === name));
  if (unknown.length > 0) {
    const known = readModels.map(({ name }) => name).join(', ');
    throw new Fault('input_unreadable', `there is no read model ${unknown.join(', ')}; there are ${known}`);
  }
  return names.length === 0 ? readModels : readModels.filter(({ name }) => names.includes(name));
}

async function withReadModels(
  options: Options,
  work: (models: ReadModelDatabase, reader: EventReader) => Promise<void>,
  applicationName = 'docket projections',
): Promise<void> {
  const reader = await openExistingLog(options);
  const models = await openReadModels({ ...options, databaseUrl: databaseUrl(), applicationName });
  try {
    await work(models, reader);
  } finally {
    await models.close();
    await reader.close();
  }
}
