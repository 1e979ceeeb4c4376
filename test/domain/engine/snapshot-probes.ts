/** What tests of snapshots ask of a desk: stores in memory, logs that count, and what a snapshot holds. */
import type { EventLog, LogMark, Outcome, StateSnapshots } from '../../../domain/ports.ts';
import type { Command } from '../../../domain/ticket/commands.ts';
import type { TicketState } from '../../../domain/ticket/state.ts';
import { allEvents } from '../../support/engine.ts';
import { ticketState } from '../../support/tickets.ts';
import { DeskFolder } from './desk-folder.ts';

/** In calls of five, two of which wait for their answer at a time. */
export async function submitAll(
  { engine }: DeskFolder,
  commands: readonly Command[],
  beforeCall: (call: number) => void = () => {},
): Promise<readonly Outcome[]> {
  const answers: Promise<readonly Outcome[]>[] = [];
  for (let first = 0; first < commands.length; first += 5) {
    await answers.at(-2);
    beforeCall(answers.length);
    answers.push(engine.submit(commands.slice(first, first + 5)));
  }
  return (await Promise.all(answers)).flat();
}

/** Snapshots without a disk; `beforeConfirm` runs when all states were taken. */
export class KeptInMemory implements StateSnapshots {
  taken: readonly TicketState[] = [];
  kept: { from: LogMark; upTo: LogMark; states: readonly TicketState[] } | undefined;
  readonly #beforeConfirm: () => Promise<void>;

  constructor(beforeConfirm = async () => {}) {
    this.#beforeConfirm = beforeConfirm;
  }

  async save(from: LogMark, states: Iterable<TicketState>, confirm: () => Promise<LogMark>) {
    this.taken = Array.from(states, (state) => ({ ...state }));
    await this.#beforeConfirm();
    this.kept = { from, states: this.taken, upTo: await confirm() };
    return { name: 'memory', tickets: this.taken.length, bytes: 0, position: from.position };
  }

  async *load() {
    if (this.kept === undefined) return;
    const { states, from, upTo } = this.kept;
    const slices = async function* () {
      yield states;
    };
    yield { status: 'sound', name: 'memory', from, upTo, tickets: states.length, states: slices } as const;
  }
}

export async function* tornStates() {
  yield [ticketState({ ticketId: 'T-0', revision: 5 }), ticketState({ ticketId: 'only-here' })];
  throw new Error('the disk is gone');
}

export function partsOf({ engine, log, workflows, snapshots }: DeskFolder) {
  return { engine, log, workflows, snapshots };
}

/** How many states of the newest snapshot hold events that came after it was begun. */
export async function ticketsAhead({ snapshots, log }: DeskFolder): Promise<number> {
  const revisions = new Map<string, number>();
  const events = await allEvents(log);
  for await (const stored of snapshots.load()) {
    if (stored.status !== 'sound') continue;
    for (const { ticketId, revision } of events.slice(0, stored.from.position)) {
      revisions.set(ticketId, revision);
    }
    let ahead = 0;
    for await (const slice of stored.states()) {
      ahead += slice.filter(({ ticketId, revision }) => revision > (revisions.get(ticketId) ?? 0)).length;
    }
    return ahead;
  }
  return 0;
}

export async function loadMark(desk: DeskFolder): Promise<LogMark | undefined> {
  for await (const stored of desk.snapshots.load()) if (stored.status === 'sound') return stored.from;
  return undefined;
}

export async function reopened(desk: DeskFolder): Promise<DeskFolder> {
  await desk.log.close();
  return DeskFolder.open(desk.folder);
}

/** A log whose reads are counted. */
export function countedReads(inner: EventLog) {
  const counted = { from: [] as number[], tickets: 0, log: soleWriter(inner, inner.append.bind(inner)) };
  counted.log.read = (from, options) => {
    counted.from.push(from);
    return inner.read(from, options);
  };
  counted.log.readTicket = (ticketId) => {
    counted.tickets += 1;
    return inner.readTicket(ticketId);
  };
  return counted;
}

export function soleWriter(inner: EventLog, append: EventLog['append']): EventLog {
  return {
    partitions: 1,
    soleWriter: true,
    durability: inner.durability,
    append,
    read: inner.read.bind(inner),
    readTicket: inner.readTicket.bind(inner),
    head: inner.head.bind(inner),
    revisionOf: inner.revisionOf.bind(inner),
    mayKnowCommand: inner.mayKnowCommand.bind(inner),
    findCommand: inner.findCommand.bind(inner),
    close: inner.close.bind(inner),
  };
}
