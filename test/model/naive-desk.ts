/**
 * The reference: all events in one list, every question answered by going through it. It says what each
 * answer of the engine must be, follows the engine only where the contract leaves a choice (which automatic
 * number; whether a repeated id still finds its first command unanswered), and then holds what the log must.
 */
import { expect } from 'vitest';
import type { Outcome } from '../../domain/ports.ts';
import type { Command } from '../../domain/ticket/commands.ts';
import type { NewEvent, RecordedEvent } from '../../domain/ticket/events.ts';
import type { TicketState } from '../../domain/ticket/state.ts';
import { type Ids, judge, type Part, type Verdict } from './naive-decision.ts';
import { ticketOf } from './naive-ticket.ts';

/** An event as the log must hold it, but for the digest and the commit time. */
type Kept = NewEvent & { readonly ticketId: string; readonly revision: number; readonly position: number };

interface Answered {
  readonly body: string;
  readonly outcome: Outcome;
}

/** Commands that are on their way together: by id, the newest that was decided. */
export type Together = Map<string, Answered>;

export class NaiveDesk {
  readonly events: Kept[] = [];
  /** Everything that was ever sent, for sending it again. */
  readonly sent: Command[] = [];
  /** First answers to commands that left a trace. */
  readonly #traces = new Map<string, Answered>();
  /** Tickets that somebody else changed since this engine last wrote to them. */
  readonly #changedByOthers = new Set<string>();
  /** What the log was seen to hold: it must never look different again. */
  #seen: readonly RecordedEvent[] = [];
  accepted = 0;
  refused = 0;
  repeated = 0;

  ticket(ticketId: string): TicketState | undefined {
    return ticketOf(ticketId, this.historyOf(ticketId));
  }

  historyOf(ticketId: string): readonly Kept[] {
    return this.events.filter((event) => event.ticketId === ticketId);
  }

  get ticketIds(): readonly string[] {
    return [...new Set(this.events.map((event) => event.ticketId))];
  }

  /** A desk of the same history, for trying out what commands would do. */
  imagined(): NaiveDesk {
    const desk = new NaiveDesk();
    desk.events.push(...this.events);
    return desk;
  }

  /** Does what the command would do if it were decided now; false where it would leave no events. */
  imagine(command: Command, now: number, number: string): boolean {
    const ids = { ticketId: command.ticketId ?? number, newTicketId: newTicketOf(command) ?? number };
    const verdict = judge(command, ids, now, (id) => this.ticket(id));
    if ('refused' in verdict || verdict.parts.length === 0) return false;
    this.#keep(verdict.parts);
    return true;
  }

  /** Holds an answer against what it must be, and takes over what the command did. */
  check(command: Command, outcome: Outcome, now: number, together: Together): void {
    const { commandId } = command;
    const body = bodyOf(command);
    if (outcome.status === 'rejected') this.refused += 1;
    else if (outcome.repeated) this.repeated += 1;
    else this.accepted += 1;
    const trace = commandId === undefined ? undefined : this.#traces.get(commandId);
    if (trace !== undefined) {
      expectSame(command, outcome, again(trace, body));
      return;
    }
    const inFlight = commandId === undefined ? undefined : together.get(commandId);
    if (inFlight !== undefined && isSame(outcome, again(inFlight, body))) return;
    this.#checkDecision(command, outcome, now);
    if (commandId === undefined) return;
    together.set(commandId, { body, outcome });
    if (outcome.status === 'accepted' && outcome.events > 0) this.#traces.set(commandId, { body, outcome });
  }

  /**
   * Holds the answers to commands that were sent together against the order in which they were sent. After
   * another writer's changes, conflicts may let commands change places, since a command that was refused
   * beside a conflict is decided again after those that were written: then what was written must be right in
   * the order of its positions, and refusals may have been true a moment before.
   */
  checkTogether(commands: readonly Command[], outcomes: readonly Outcome[], now: number): void {
    const pairs = commands.map((command, index) => ({ command, outcome: outcomes[index] as Outcome }));
    const together: Together = new Map();
    if (this.#changedByOthers.size === 0 || pairs.length === 1) {
      for (const { command, outcome } of pairs) this.check(command, outcome, now, together);
      return;
    }
    const written = pairs.filter(({ outcome }) => !isNothing(outcome) && !isRepeated(outcome));
    written.sort((left, right) => positionOf(left.outcome) - positionOf(right.outcome));
    for (const { command, outcome } of written) this.check(command, outcome, now, new Map());
    for (const { command, outcome } of pairs) {
      expect(outcomeCode(outcome)).not.toBe('contention');
      if (isRepeated(outcome) && !isNothing(outcome)) this.check(command, outcome, now, new Map());
    }
  }

  /** Takes over a command that another engine on the same log did; nobody tells this one. */
  checkOthers(command: Command, outcome: Outcome, now: number): void {
    const before = this.events.length;
    const changed = [...this.#changedByOthers];
    // The other engine itself is not outdated.
    this.#changedByOthers.clear();
    this.check(command, outcome, now, new Map());
    for (const ticketId of changed) this.#changedByOthers.add(ticketId);
    for (const { ticketId } of this.events.slice(before)) this.#changedByOthers.add(ticketId);
  }

  /** The engine begins anew: it knows only what the log holds. */
  forgetOthers(): void {
    this.#changedByOthers.clear();
  }

  /**
   * For a crash in the middle of commands whose answers are lost: what they did as far as the log goes that
   * was recovered. Returns false where the command is not, or only in part, in it.
   */
  recover(command: Command, now: number, recovered: readonly RecordedEvent[]): boolean {
    const next = this.events.length;
    const first = recovered[next];
    const { type } = command;
    // Refused, whatever comes next in the log: it names no ticket to act on.
    if (command.ticketId === undefined && type !== 'OpenTicket') return true;
    const ticketId = command.ticketId ?? first?.ticketId;
    const second = recovered[next + 1]?.ticketId;
    const opens = type === 'OpenFollowUp' || type === 'SplitTicket';
    const newTicketId = newTicketOf(command) ?? (opens ? (second ?? 'unknown') : undefined);
    const verdict = judge(command, { ticketId, newTicketId }, now, (id) => this.ticket(id));
    if ('refused' in verdict || verdict.parts.length === 0) return true;
    const size = verdict.parts.reduce((sum, part) => sum + part.events.length, 0);
    if (next + size > recovered.length) {
      expect(recovered.length, 'a write is recovered whole or not at all').toBe(next);
      return false;
    }
    this.#keep(verdict.parts);
    const outcome = this.#acceptance(verdict.parts, { ticketId, newTicketId }, next + 1);
    if (command.commandId !== undefined && outcome !== undefined) {
      this.#traces.set(command.commandId, { body: bodyOf(command), outcome });
    }
    return true;
  }

  /** Holds a stretch of the log against the list, from the position of its first event on. */
  checkEvents(read: readonly RecordedEvent[], expected: readonly Kept[]): void {
    expect(read.map(withoutCommit)).toEqual(expected.map((event) => ({ ...event, partition: 0 })));
    for (const event of read) {
      const first = this.events.findIndex((each) => each.commandId === event.commandId);
      const marked = event.commandId !== undefined && first + 1 === event.position;
      expect(typeof event.commandDigest, `digest of ${event.position}`).toBe(marked ? 'string' : 'undefined');
    }
  }

  /** Holds the whole log against the list, and against what it was seen to be before. */
  checkLog(read: readonly RecordedEvent[]): void {
    this.checkEvents(read, this.events);
    expect(read.slice(0, this.#seen.length)).toEqual(this.#seen);
    const times = read.map((event) => event.recordedAt);
    expect(times).toEqual([...times].sort((left, right) => left - right));
    this.#seen = read;
  }

  #checkDecision(command: Command, outcome: Outcome, now: number): void {
    const ids = idsOf(command, outcome);
    this.#checkNumber(command, outcome, ids);
    const verdict = judge(command, ids, now, (id) => this.ticket(id));
    if (this.#mayBeOutdated(command, ids) && isNothing(outcome) && outcomeCode(outcome) !== 'contention') {
      // Decided on what the ticket was before somebody else changed it; nothing was written, so it may stand.
      expect(outcome.revision ?? 0).toBeLessThanOrEqual(this.historyOf(outcome.ticketId ?? '').length);
      return;
    }
    if ('refused' in verdict) {
      expectRefusal(command, outcome, verdict);
      return;
    }
    const expected = this.#acceptance(verdict.parts, ids, this.events.length + 1);
    expectSame(command, outcome, expected ?? this.#unchanged(ids));
    this.#keep(verdict.parts);
    for (const { ticketId } of verdict.parts) this.#changedByOthers.delete(ticketId);
  }

  #mayBeOutdated(command: Command, ids: Ids): boolean {
    const touched = [ids.ticketId, ids.newTicketId];
    if (command.type === 'MergeTicket') touched.push(command.data.into);
    if (command.type === 'LinkTicket') touched.push(command.data.ticket);
    const ticket = ids.ticketId === undefined ? undefined : this.ticket(ids.ticketId);
    if (command.type === 'ResolveTicket') touched.push(...(ticket?.links ?? []).map((link) => link.ticket));
    return touched.some((id) => id !== undefined && this.#changedByOthers.has(id));
  }

  /** An automatic number is a new one, in the form that was agreed. */
  #checkNumber(command: Command, outcome: Outcome, ids: Ids): void {
    if (outcome.status === 'rejected' || outcome.events === 0) return;
    const chosen: (string | undefined)[] = [];
    if (command.type === 'OpenTicket' && command.ticketId === undefined) chosen.push(ids.ticketId);
    const opens = command.type === 'OpenFollowUp' || command.type === 'SplitTicket';
    if (opens && newTicketOf(command) === undefined) chosen.push(ids.newTicketId);
    for (const id of chosen) {
      expect(id).toMatch(/^REQ\d{7}$/);
      expect(this.historyOf(id ?? ''), `the number ${id} was given twice`).toEqual([]);
    }
  }

  #acceptance(parts: readonly Part[], ids: Ids, position: number): Outcome | undefined {
    const [own] = parts;
    if (own === undefined) return undefined;
    return {
      status: 'accepted',
      ticketId: own.ticketId,
      revision: this.historyOf(own.ticketId).length + own.events.length - this.#alreadyKept(own, position),
      state: own.events.at(-1)?.state ?? '',
      events: parts.reduce((sum, part) => sum + part.events.length, 0),
      position,
      newTicketId: parts[1] === undefined ? undefined : ids.newTicketId,
      repeated: false,
    };
  }

  /** In a recovery the events are in the list before the answer is worked out. */
  #alreadyKept(own: Part, position: number): number {
    return this.events.length >= position ? own.events.length : 0;
  }

  #unchanged(ids: Ids): Outcome {
    const ticket = this.ticket(ids.ticketId ?? '');
    if (ticket === undefined) throw new Error('the model changed nothing of a ticket that is not there');
    const { ticketId, revision, state } = ticket;
    const none = { events: 0, position: 0, newTicketId: undefined, repeated: false };
    return { status: 'accepted', ticketId, revision, state, ...none };
  }

  #keep(parts: readonly Part[]): void {
    for (const { ticketId, events } of parts) {
      for (const event of events) {
        const revision = this.historyOf(ticketId).length + 1;
        this.events.push({ ...event, ticketId, revision, position: this.events.length + 1 });
      }
    }
  }
}

function newTicketOf(command: Command): string | undefined {
  if (command.type === 'OpenFollowUp') return command.data.followUp;
  return command.type === 'SplitTicket' ? command.data.splitOff : undefined;
}

function idsOf(command: Command, outcome: Outcome): Ids {
  const automatic = command.type === 'OpenTicket' ? outcome.ticketId : undefined;
  const opens = command.type === 'OpenFollowUp' || command.type === 'SplitTicket';
  return {
    ticketId: command.ticketId ?? automatic,
    // A refused command may have been promised any id, as long as no ticket has it.
    newTicketId: opens ? (newTicketOf(command) ?? newTicketIn(outcome) ?? '(refused)') : undefined,
  };
}

function newTicketIn(outcome: Outcome): string | undefined {
  return outcome.status === 'accepted' ? outcome.newTicketId : undefined;
}

function isNothing(outcome: Outcome): boolean {
  return outcome.status === 'rejected' || outcome.events === 0;
}

function isRepeated(outcome: Outcome): boolean {
  return outcome.status === 'accepted' && outcome.repeated;
}

function positionOf(outcome: Outcome): number {
  return outcome.status === 'accepted' ? outcome.position : 0;
}

function outcomeCode(outcome: Outcome): string {
  return outcome.status === 'rejected' ? outcome.code : outcome.status;
}

function expectRefusal(
  command: Command,
  outcome: Outcome,
  { refused, told }: Extract<Verdict, { refused: unknown }>,
): void {
  expect(refused, `${JSON.stringify(command)} was answered ${JSON.stringify(outcome)}`).toContain(
    outcomeCode(outcome),
  );
  if (outcome.status === 'accepted') return;
  const { state, revision, tried } = outcome;
  expect({ state, revision, tried }).toEqual({
    state: told?.state,
    revision: told?.revision,
    tried: command.type,
  });
  if (command.ticketId !== undefined) expect(outcome.ticketId).toBe(command.ticketId);
}

/** The answer to a command id that was used before. */
function again(first: Answered, body: string): Outcome | 'command_id_reused' {
  if (first.body !== body) return 'command_id_reused';
  return first.outcome.status === 'accepted' ? { ...first.outcome, repeated: true } : first.outcome;
}

function isSame(outcome: Outcome, expected: Outcome | 'command_id_reused'): boolean {
  if (expected === 'command_id_reused') return outcomeCode(outcome) === expected;
  return JSON.stringify(sorted(outcome)) === JSON.stringify(sorted(expected));
}

function expectSame(command: Command, outcome: Outcome, expected: Outcome | 'command_id_reused'): void {
  const what = `the answer to ${JSON.stringify(command)}`;
  if (expected === 'command_id_reused') expect(outcomeCode(outcome), what).toBe(expected);
  else expect(outcome, what).toEqual(expected);
}

function bodyOf(command: Command): string {
  return JSON.stringify(sorted({ ...command, commandId: undefined }));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1));
  return Object.fromEntries(entries.map(([name, each]) => [name, sorted(each)]));
}

function withoutCommit({ recordedAt: _recordedAt, commandDigest: _commandDigest, ...event }: RecordedEvent) {
  return event;
}
