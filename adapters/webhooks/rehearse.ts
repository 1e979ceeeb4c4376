/**
 * What a delivery would do, without doing it: which rule is for it, what commands it makes, and what the
 * workflow says to each on the ticket as it would be by then. It writes nothing, and asks neither the access
 * rules nor the journal of deliveries: that something newer changed nothing is not known here.
 */
import type { Command } from '../../domain/ticket/commands.ts';
import { decide } from '../../domain/ticket/decide.ts';
import type { RecordedEvent } from '../../domain/ticket/events.ts';
import { evolve, replay } from '../../domain/ticket/evolve.ts';
import type { TicketState } from '../../domain/ticket/state.ts';
import type { EpochMs, TicketId } from '../../domain/ticket/values.ts';
import type { Workflows } from '../../domain/workflow/registry.ts';
import { newestOfSlots } from './carry-out.ts';
import type { Envelope } from './envelope.ts';
import { commandOf, MappingProblem, type Reading, readEnvelope, slotOf } from './mapping.ts';
import type { Source } from './sources.ts';

export interface RehearsedCommand {
  readonly command: Command;
  /** The state that it would lead to. */
  readonly state?: string;
  /** Whether the ticket knows something newer, so that it would not be given. */
  readonly superseded?: true;
  /** Why it would be refused. */
  readonly refused?: { readonly code: string; readonly message: string; readonly legal: readonly string[] };
}

export interface Rehearsal {
  readonly envelope: Envelope;
  /** Absent where no rule is for it, or the rules do not fit it. */
  readonly rule?: string;
  readonly ticketId?: TicketId;
  readonly at?: EpochMs;
  readonly commands: readonly RehearsedCommand[];
  /** Mistakes of the rules, which would make it a dead letter. */
  readonly problems: readonly string[];
}

export interface RehearsalParts {
  readonly workflows: Workflows;
  readonly defaultWorkflow: string;
  /** The ticket's events, where there is a log to ask. */
  readonly history: (ticketId: TicketId) => Promise<readonly RecordedEvent[]>;
}

export async function rehearse(
  source: Source,
  envelope: Envelope,
  parts: RehearsalParts,
): Promise<Rehearsal> {
  let reading: Reading | undefined;
  try {
    reading = readEnvelope(source.compiled, envelope);
  } catch (error) {
    if (!(error instanceof MappingProblem)) throw error;
    return { envelope, commands: [], problems: [error.message] };
  }
  if (reading === undefined) return { envelope, commands: [], problems: [] };
  const { rule, ticketId, at } = reading;
  const commands: RehearsedCommand[] = [];
  const problems: string[] = [];
  const history = await parts.history(ticketId);
  let ticket = replay(ticketId, history);
  const newest = await newestOfSlots(reading, { readTicket: async () => history }, nothingConfirmed);
  for (const compiled of reading.commands) {
    try {
      const command = commandOf(reading, compiled, ticket);
      if (command === undefined) continue;
      const slot = slotOf(reading, compiled.rule.slot);
      if (compiled.rule.order === 'latest' && at < (newest.get(slot) ?? at)) {
        commands.push({ command, superseded: true });
        continue;
      }
      const [rehearsed, after] = outcomeOf(command, reading, ticket, parts);
      commands.push(rehearsed);
      ticket = after;
    } catch (error) {
      if (!(error instanceof MappingProblem)) throw error;
      problems.push(error.message);
    }
  }
  return { envelope, rule, ticketId, at, commands, problems };
}

const nothingConfirmed = { confirmed: () => undefined };

function outcomeOf(
  command: Command,
  { ticketId, at }: Reading,
  ticket: TicketState | undefined,
  { workflows, defaultWorkflow }: RehearsalParts,
): readonly [RehearsedCommand, TicketState | undefined] {
  const stamped = { ...command, ticketId, occurredAt: command.occurredAt ?? at };
  const decision = decide({ ticket, command: stamped, others: new Map(), workflows, defaultWorkflow });
  if (decision.status === 'rejected') {
    const { code, message, legal } = decision;
    return [{ command, refused: { code, message, legal: legal.map((each) => each.command) } }, ticket];
  }
  let after = ticket;
  for (const event of decision.events) after = evolve(after, event, ticketId);
  return [after === undefined ? { command } : { command, state: after.state }, after];
}
