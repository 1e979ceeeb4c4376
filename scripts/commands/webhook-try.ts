/**
 * `docket webhook try`: what a delivery would do, without doing it. For whoever writes a mapping: the
 * envelope as mappings see it, the rule that is for it, its commands, and what the workflow would say to
 * them.
 */
import { readFile, stat } from 'node:fs/promises';
import { Command } from 'commander';
import { envelopesOf } from '../../adapters/webhooks/intake.ts';
import { webhookLimits } from '../../adapters/webhooks/limits.ts';
import { UnreadableDelivery } from '../../adapters/webhooks/read-body.ts';
import { type Rehearsal, rehearse } from '../../adapters/webhooks/rehearse.ts';
import { isSigned } from '../../adapters/webhooks/signature.ts';
import type { Source } from '../../adapters/webhooks/sources.ts';
import { Fault } from '../../domain/errors.ts';
import type { RecordedEvent } from '../../domain/ticket/events.ts';
import { defaultWorkflow } from '../../domain/workflow/registry.ts';
import { type JsonOptions, type LogOptions, withJson, withLog } from '../cli/options.ts';
import { exitCodes, print, printJson } from '../cli/output.ts';
import { openExistingLog } from '../runtime/existing-log.ts';
import { systemClock } from '../runtime/system.ts';
import { loadWebhookSources } from '../runtime/webhooks.ts';
import { loadWorkflows } from '../runtime/workflows.ts';

interface TryOptions extends LogOptions, JsonOptions {
  readonly headers?: string;
  readonly query: string;
}

export function tryCommand(): Command {
  const command = new Command('try')
    .description('what a delivery would do, without doing it')
    .argument('<source>', 'as docket webhook list tells them')
    .argument('<file>', 'the body, byte for byte as it was sent')
    .option('--headers <file>', 'its headers, one to a line as name: value; the signature is checked then')
    .option('--query <text>', 'what stood behind the question mark of the address', '');
  return withJson(withLog(command)).action(tryDelivery);
}

async function tryDelivery(name: string, file: string, options: TryOptions): Promise<void> {
  const source = (await loadWebhookSources(options.dataDir)).get(name);
  if (source === undefined) throw new Fault('input_unreadable', `there is no webhook source ${name}`);
  const headers = options.headers === undefined ? {} : headersOf(await readInput(options.headers));
  const incoming = { headers, query: options.query, body: await readInput(file) };
  const signature = options.headers === undefined ? 'not checked' : signatureOf(source, incoming);
  const rehearsals = await rehearseAll(source, incoming, options);
  if (signature === 'wrong' || rehearsals.some(isProblem)) process.exitCode = exitCodes.problemsFound;
  if (options.json) return printJson({ signature, deliveries: rehearsals });
  print(`signature: ${signature}`);
  for (const rehearsal of rehearsals) show(rehearsal);
}

type Request = Parameters<typeof envelopesOf>[1];

function signatureOf({ compiled, credentials }: Source, request: Request): 'right' | 'wrong' | 'no secret' {
  if (credentials === undefined) return 'no secret';
  const rules = { schemes: compiled.definition.signature, ...credentials };
  return isSigned(request, rules, systemClock.now()) ? 'right' : 'wrong';
}

async function rehearseAll(
  source: Source,
  request: Request,
  options: TryOptions,
): Promise<readonly Rehearsal[]> {
  const workflows = await loadWorkflows(options.dataDir);
  try {
    const envelopes = envelopesOf(source, request, systemClock.now(), webhookLimits);
    const rehearsals: Rehearsal[] = [];
    for (const envelope of envelopes) {
      const history = (id: string) => historyOf(id, options);
      rehearsals.push(await rehearse(source, envelope, { workflows, defaultWorkflow, history }));
    }
    return rehearsals;
  } catch (error) {
    if (error instanceof UnreadableDelivery) throw new Fault('input_unreadable', error.message);
    throw error;
  }
}

/** The ticket's events in the log; none where there is no log yet. */
async function historyOf(ticketId: string, options: LogOptions): Promise<readonly RecordedEvent[]> {
  try {
    const reader = await openExistingLog(options);
    return await reader.readTicket(ticketId).finally(() => reader.close());
  } catch (error) {
    if (error instanceof Fault && error.code === 'input_unreadable') return [];
    throw error;
  }
}

async function readInput(file: string): Promise<Buffer> {
  try {
    const { size } = await stat(file);
    const { bodyBytesMax } = webhookLimits;
    if (size > bodyBytesMax) throw new Error(`it has ${size} bytes, a delivery at most ${bodyBytesMax}`);
    return await readFile(file);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Fault('input_unreadable', `${file} can not be read: ${reason}`, { cause: error });
  }
}

function headersOf(text: Buffer): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const line of text.toString('utf8').split(/\r?\n/)) {
    const colon = line.indexOf(':');
    if (colon > 0) headers[line.slice(0, colon).trim().toLowerCase()] = line.slice(colon + 1).trim();
  }
  return headers;
}

function isProblem({ problems, commands }: Rehearsal): boolean {
  return problems.length > 0 || commands.some(({ refused }) => refused !== undefined);
}

function show({ envelope, rule, ticketId, at, commands, problems }: Rehearsal): void {
  print(`\nenvelope: ${JSON.stringify(envelope, undefined, 2)}`);
  if (rule === undefined && problems.length === 0) print('no rule is for it: it would be ignored');
  if (rule !== undefined && at !== undefined) {
    print(`\nrule ${rule}, ticket ${ticketId}, at ${new Date(at).toISOString()}`);
  }
  if (rule !== undefined && commands.length === 0 && problems.length === 0) print('  nothing to do');
  for (const { command, state, refused, superseded } of commands) {
    const reached = superseded ? 'not given: the ticket knows something newer' : `→ ${state}`;
    const outcome = refused === undefined ? reached : `refused: ${refused.code}: ${refused.message}`;
    print(`  ${command.type} ${JSON.stringify(command.data)} ${outcome}`);
    if (refused !== undefined && refused.legal.length > 0) print(`    legal: ${refused.legal.join(', ')}`);
  }
  for (const problem of problems) print(`  the mapping does not fit: ${problem}`);
}
