/** Commands cut into request bodies that a server takes, and the tickets that they touch. */
import type { Command } from '../../domain/ticket/commands.ts';
import type { TicketId } from '../../domain/ticket/values.ts';

export interface Batch {
  readonly commands: readonly Command[];
  /** The JSON body of the bulk request. */
  readonly body: string;
}

export interface BatchLimits {
  readonly batchCommandsMax: number;
  readonly batchBytesMax: number;
}

/** In order; each as large as the limits allow, and never empty. */
export function* batches(commands: readonly Command[], limits: BatchLimits): Generator<Batch> {
  let taken: Command[] = [];
  let texts: string[] = [];
  let bytes = 0;
  for (const command of commands) {
    const text = JSON.stringify(command);
    const size = Buffer.byteLength(text) + 1;
    const full = taken.length >= limits.batchCommandsMax || bytes + size > limits.batchBytesMax;
    if (full && taken.length > 0) {
      yield batch(taken, texts);
      taken = [];
      texts = [];
      bytes = 0;
    }
    taken.push(command);
    texts.push(text);
    bytes += size;
  }
  if (taken.length > 0) yield batch(taken, texts);
}

/** Every ticket that a command names, on which its order to other commands may depend. */
export function ticketsOf(commands: readonly Command[]): ReadonlySet<TicketId> {
  const tickets = new Set<TicketId>();
  for (const command of commands) {
    if (command.ticketId !== undefined) tickets.add(command.ticketId);
    const other = otherTicketOf(command);
    if (other !== undefined) tickets.add(other);
  }
  return tickets;
}

function otherTicketOf(command: Command): TicketId | undefined {
  switch (command.type) {
    case 'MergeTicket':
      return command.data.into;
    case 'LinkTicket':
      return command.data.ticket;
    case 'OpenFollowUp':
      return command.data.followUp;
    case 'SplitTicket':
      return command.data.splitOff;
    default:
      return undefined;
  }
}

function batch(commands: readonly Command[], texts: readonly string[]): Batch {
  return { commands, body: `{"commands":[${texts.join(',')}]}` };
}
