/**
 * `docket webhook`: the sources of webhooks, a rehearsal of a delivery, and the dead letters: through the
 * running server, else straight on the data folder.
 */
import { Command } from 'commander';
import type { LetterJson } from '../../adapters/http/webhook-client.ts';
import { Fault } from '../../domain/errors.ts';
import {
  type JsonOptions,
  type LogOptions,
  wholeNumber,
  withDataDir,
  withJson,
  withLog,
} from '../cli/options.ts';
import { exitCodes, note, print, printJson, table } from '../cli/output.ts';
import { withWebhookDesk } from '../runtime/webhook-desk.ts';
import { loadWebhookSources } from '../runtime/webhooks.ts';
import { tryCommand } from './webhook-try.ts';

interface DeadOptions extends LogOptions, JsonOptions {
  readonly source?: string;
  readonly early?: true;
  readonly limit: number;
}

export function webhookCommand(): Command {
  const named = (name: string, description: string) => new Command(name).description(description);
  const list = named('list', 'the sources, whether they are on, and what came from them');
  const check = named('check', 'read all definitions and secrets, and say what is wrong');
  const dead = named('dead', 'deliveries that could not be carried out, oldest first')
    .option('--source <name>', 'of this source only')
    .option('--early', 'those too whose ticket may only not have been opened yet')
    .option('--limit <number>', 'most letters', wholeNumber(1, 1_000), 100);
  const show = named('show', 'one of them, with what was delivered').argument('<id>', 'as dead tells it');
  const replay = named('replay', 'try them again, by the mapping and on the ticket as they are now')
    .argument('[ids...]', 'as dead tells them')
    .option('--all', 'every dead letter there is');
  const drop = named('drop', 'give one up for good')
    .argument('<id>', 'as dead tells it')
    .requiredOption('--reason <text>', 'written down with it');
  return named('webhook', 'what comes in from other systems')
    .addCommand(withJson(withLog(list)).action(listSources))
    .addCommand(withDataDir(check).action(checkSources))
    .addCommand(tryCommand())
    .addCommand(withJson(withLog(dead)).action(listLetters))
    .addCommand(withLog(show).action(showLetter))
    .addCommand(withJson(withLog(replay)).action(replayLetters))
    .addCommand(withLog(drop).action(dropLetter));
}

async function listSources(options: LogOptions & JsonOptions): Promise<void> {
  const sources = await withWebhookDesk(options, (desk) => desk.sources());
  if (options.json) return printJson({ sources });
  const rows = sources.map(({ name, builtIn, enabled, deadLetters, earlyLetters, deliveries }) => [
    name,
    builtIn ? 'built in' : 'data folder',
    enabled ? 'on' : 'off: no secret',
    deliveries.applied,
    deliveries.unchanged + deliveries.duplicate + deliveries.ignored,
    deliveries.refused,
    deadLetters,
    earlyLetters,
  ]);
  const headings = ['source', 'defined', 'state', 'applied', 'nothing to do', 'refused', 'dead', 'early'];
  print(table(headings, rows));
}

async function checkSources({ dataDir }: LogOptions): Promise<void> {
  try {
    const sources = await loadWebhookSources(dataDir);
    const own = [...sources.values()].filter(({ builtIn }) => !builtIn).map(({ name }) => name);
    print(`${sources.size} sources can be used; of the data folder: ${own.join(', ') || 'none'}`);
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== 'input_unreadable') throw error;
    print(error.message);
    process.exitCode = exitCodes.problemsFound;
  }
}

async function listLetters(options: DeadOptions): Promise<void> {
  const { source, limit } = options;
  const question = { source, early: options.early === true, limit };
  const { total, deadLetters } = await withWebhookDesk(options, (desk) => desk.letters(question));
  if (options.json) return printJson({ total, deadLetters });
  print(table(['letter', 'kept at', 'ticket', 'tried', 'why'], deadLetters.map(letterCells)));
  if (total > deadLetters.length) print(`\n${deadLetters.length} of ${total}; --limit shows more`);
}

function letterCells({ id, keptAt, ticketId, problem }: LetterJson): string[] {
  const { tried, code, message, legal } = problem;
  const instead = legal.length === 0 ? '' : ` (legal: ${legal.join(', ')})`;
  return [id, keptAt, ticketId ?? '', tried ?? '', `${code}: ${message}${instead}`];
}

async function showLetter(id: string, options: LogOptions): Promise<void> {
  const letter = await withWebhookDesk(options, (desk) => desk.letter(id));
  if (letter === undefined) return unknownLetter(id);
  print(JSON.stringify(letter, undefined, 2));
}

async function replayLetters(
  ids: readonly string[],
  options: LogOptions & JsonOptions & { readonly all?: true },
): Promise<void> {
  if ((ids.length === 0) === (options.all !== true)) {
    note('docket: name letters, or --all');
    process.exitCode = exitCodes.usage;
    return;
  }
  const replayed = await withWebhookDesk(options, async (desk) => {
    const chosen = options.all ? (await desk.letters(everyLetter)).deadLetters.map(({ id }) => id) : ids;
    const outcomes = [];
    // One after the other, oldest first: the order in which things happened is the best guess.
    for (const id of chosen) {
      const outcome = await desk.replay(id);
      outcomes.push(outcome ?? { id, status: 'unknown' as const, problem: undefined });
    }
    return outcomes;
  });
  if (replayed.some(({ status }) => status !== 'done')) process.exitCode = exitCodes.problemsFound;
  if (options.json) return printJson({ replayed });
  for (const { id, status, problem } of replayed) {
    print(`${id}  ${status}${problem === undefined ? '' : `: ${problem.code}: ${problem.message}`}`);
  }
  print(`${replayed.filter(({ status }) => status === 'done').length} of ${replayed.length} done`);
}

/** As many as the server tells at once; what is left is told by the next call. */
const everyLetter = { source: undefined, early: false, limit: 1_000 };

async function dropLetter(id: string, options: LogOptions & { readonly reason: string }): Promise<void> {
  const dropped = await withWebhookDesk(options, (desk) => desk.drop(id, options.reason));
  if (!dropped) return unknownLetter(id);
  print(`${id} was dropped`);
}

function unknownLetter(id: string): void {
  note(`docket: there is no dead letter ${id}`);
  process.exitCode = exitCodes.problemsFound;
}
