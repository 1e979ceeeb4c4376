/** `docket ticket show`: a ticket as its events made it, its history, and what may be done now. */
import { Command } from 'commander';
import type { RecordedEvent } from '../../domain/ticket/events.ts';
import { replay } from '../../domain/ticket/evolve.ts';
import type { TicketState } from '../../domain/ticket/state.ts';
import { type LegalCommand, legalFrom } from '../../domain/workflow/legal.ts';
import { type JsonOptions, type LogOptions, withJson, withLog } from '../cli/options.ts';
import { exitCodes, note, print, printJson, table } from '../cli/output.ts';
import { openExistingLog } from '../runtime/existing-log.ts';
import { loadWorkflows } from '../runtime/workflows.ts';

/** Longer data is cut in the timeline; `--json` has all of it. */
const dataCharactersMax = 80;

export function ticketCommand(): Command {
  const show = new Command('show')
    .description('state, timeline and what is legal now, straight from the log')
    .argument('<id>', 'the ticket, such as REQ0000001');
  return new Command('ticket')
    .description('look at one ticket')
    .addCommand(withJson(withLog(show)).action(showTicket));
}

async function showTicket(id: string, options: LogOptions & JsonOptions): Promise<void> {
  const workflows = await loadWorkflows(options.dataDir);
  const reader = await openExistingLog(options);
  const events = await reader.readTicket(id).finally(() => reader.close());
  const ticket = replay(id, events);
  if (ticket === undefined) {
    note(
      `docket: there is no ticket ${id} in ${options.log === 'segment' ? options.dataDir : 'the database'}`,
    );
    process.exitCode = exitCodes.problemsFound;
    return;
  }
  const legal = legalFrom(workflows.get(ticket.workflow), workflows.stateOf(ticket));
  if (options.json) printJson({ ticket, events, legal });
  else showForPeople(ticket, events, legal);
}

function showForPeople(
  ticket: TicketState,
  events: readonly RecordedEvent[],
  legal: readonly LegalCommand[],
): void {
  print(`${ticket.ticketId}  ${ticket.state}  (${ticket.workflow}, revision ${ticket.revision})`);
  const facts: [string, string | undefined][] = [
    ['requester', ticket.requester],
    ['group', ticket.group],
    ['assignee', ticket.assignee],
    ['on hold for', ticket.hold?.reason],
    ['resolution', ticket.resolutionCode],
    ['merged into', ticket.mergedInto],
    ...Object.entries(ticket.fields).map(([name, value]): [string, string] => [name, String(value)]),
  ];
  for (const [name, value] of facts) if (value !== undefined) print(`  ${name}: ${value}`);
  print();
  const rows = events.map((event) => [
    event.revision,
    new Date(event.occurredAt).toISOString().replace('.000Z', 'Z'),
    event.type,
    event.state,
    (event.onBehalfOf ?? event.actor).id,
    short(JSON.stringify(event.data)),
  ]);
  print(table(['rev', 'occurred at', 'event', 'state', 'by', 'data'], rows));
  print('\nlegal now:');
  for (const { command, to, by, needs } of legal) {
    const condition = needs.length === 0 ? '' : `, if ${needs.join(' and ')}`;
    print(`  ${command} → ${to.join(' or ')} (${by.join(', ')}${condition})`);
  }
}

function short(data: string): string {
  if (data === '{}') return '';
  return data.length <= dataCharactersMax ? data : `${data.slice(0, dataCharactersMax - 1)}…`;
}
