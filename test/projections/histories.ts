/**
 * Histories for tests: tickets that walk at random through their workflow, always by way of `decide`, so that
 * every event is one that the engine would have accepted. The same seed gives the same events.
 */
import type { EventReader, ReadOptions } from '../../domain/ports.ts';
import type { SlaRules } from '../../domain/sla/policies.ts';
import { type Command, commandSchema } from '../../domain/ticket/commands.ts';
import { decide } from '../../domain/ticket/decide.ts';
import type { NewEvent, RecordedEvent } from '../../domain/ticket/events.ts';
import { evolve } from '../../domain/ticket/evolve.ts';
import { relatedTickets } from '../../domain/ticket/other-tickets.ts';
import type { TicketState } from '../../domain/ticket/state.ts';
import { builtInWorkflows, defaultWorkflow } from '../../domain/workflow/registry.ts';
import { monday9 } from '../support/tickets.ts';

export type Random = () => number;

/** mulberry32: small, fast and good enough to walk with. */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export interface HistoryOptions {
  readonly seed: number;
  readonly events: number;
  /** How many tickets are worked on at the same time; one that is final makes room for a new one. */
  readonly liveTickets: number;
  /** A ticket is left after about this many events, final or not; never by default. */
  readonly eventsPerTicket?: number;
  /** What tickets are promised; nothing by default. */
  readonly sla?: SlaRules;
}

/** Decides commands and records their events, as an engine with a log would. */
export class Recorder {
  readonly events: RecordedEvent[] = [];
  readonly tickets = new Map<string, TicketState>();
  now = monday9;
  sla: SlaRules | undefined;

  /** Whether the command was accepted. */
  submit(command: Command): boolean {
    const ticketId = command.ticketId ?? 'T-1';
    const ticket = this.tickets.get(ticketId);
    const newTicketId = `${ticketId}-${(ticket?.revision ?? 0) + 1}`;
    const occurredAt = command.occurredAt ?? this.now;
    const stamped = { ...command, ticketId, occurredAt, commandDigest: undefined, newTicketId };
    const related = relatedTickets(stamped, newTicketId, ticket).flatMap((id) => this.tickets.get(id) ?? []);
    const decision = decide({
      ticket,
      command: stamped,
      others: new Map(related.map((each) => [each.ticketId, each])),
      workflows: builtInWorkflows,
      defaultWorkflow,
      sla: this.sla,
    });
    if (decision.status === 'rejected') return false;
    for (const event of decision.events) this.#record(ticketId, event);
    for (const also of decision.also) for (const event of also.events) this.#record(also.ticketId, event);
    return true;
  }

  #record(ticketId: string, event: NewEvent): void {
    const ticket = evolve(this.tickets.get(ticketId), event, ticketId);
    this.tickets.set(ticketId, ticket);
    const { revision } = ticket;
    const position = this.events.length + 1;
    this.events.push({ ...event, ticketId, revision, partition: 0, position, recordedAt: this.now });
  }
}

/** A random history of exactly so many events. */
export function randomHistory(options: HistoryOptions): readonly RecordedEvent[] {
  const { seed, liveTickets, eventsPerTicket = Number.POSITIVE_INFINITY } = options;
  const random = seeded(seed);
  const recorder = new Recorder();
  recorder.sla = options.sla;
  recorder.sla = options.sla;
  const live: string[] = [];
  let opened = 0;
  while (recorder.events.length < options.events) {
    recorder.now += Math.floor(random() * 40);
    // Mostly in order; now and then an event is told late.
    const occurredAt = random() < 0.05 ? recorder.now - 3_600_000 : recorder.now;
    const slot = Math.floor(random() * liveTickets);
    const ticket = recorder.tickets.get(live[slot] ?? '');
    const done =
      ticket === undefined || ticket.revision >= eventsPerTicket || builtInWorkflows.stateOf(ticket).final;
    if (done) {
      opened += 1;
      live[slot] = `T-${opened}`;
      recorder.submit(openingOf(`T-${opened}`, random, occurredAt));
    } else {
      const [type, role, data] = pick(random, steps)(random, ticket);
      recorder.submit(commandOf(ticket.ticketId, type, role, data, occurredAt));
    }
  }
  return recorder.events.slice(0, options.events);
}

/** A log whose events are all there already. A live reader waits at the end until it is aborted. */
export function readerOf(events: readonly RecordedEvent[]): EventReader {
  return {
    partitions: 1,
    async *read(from: number, options: ReadOptions = {}) {
      const most = options.batchEventsMax ?? 1_024;
      for (let next = from - 1; next < events.length && options.signal?.aborted !== true; next += most) {
        yield events.slice(next, next + most);
      }
      const { signal } = options;
      if (options.live !== true || signal === undefined) return;
      await new Promise<void>((resolve) => {
        if (signal.aborted) resolve();
        else signal.addEventListener('abort', () => resolve(), { once: true });
      });
    },
    readTicket: async (ticketId) => events.filter((event) => event.ticketId === ticketId),
    head: async () => events.length,
    close: async () => undefined,
  };
}

type Step = readonly [type: Command['type'], role: Command['actor']['role'], data: object];

const agents = ['ada', 'grace', 'linus', 'margaret', 'ken'] as const;
const groups = ['desk', 'network', 'billing'] as const;

const steps: readonly ((random: Random, ticket: TicketState) => Step)[] = [
  (random) => ['AssignTicket', 'agent', { agent: pick(random, agents) }],
  (random) => ['AssignTicket', 'lead', { agent: pick(random, agents), group: pick(random, groups) }],
  (random) => ['QueueTicket', 'system', { group: pick(random, groups) }],
  (_, ticket) => ['OfferTicket', 'system', { agent: 'ada', expiresAt: ticket.openedAt + 9e9 }],
  () => ['AcceptOffer', 'agent', { agent: 'ada' }],
  () => ['DeclineOffer', 'agent', { agent: 'ada', reason: 'busy' }],
  () => ['StartWork', 'agent', {}],
  () => ['AwaitRequester', 'agent', { comment: { body: 'Which version is it?', public: true } }],
  () => ['RecordRequesterReply', 'requester', { body: 'It is "version" 2\\3,\tas before.\n' }],
  (_, ticket) => ['HoldTicket', 'agent', { reason: 'vendor', until: ticket.openedAt + 1e9, timerId: 't-1' }],
  () => ['HoldTicket', 'agent', { reason: 'caller', comment: { body: 'Please answer.', public: true } }],
  () => ['ExpireHold', 'system', { timerId: 't-1' }],
  () => ['ResumeTicket', 'agent', {}],
  () => ['ResolveTicket', 'agent', { code: 'fixed', notes: 'Replaced the cable.' }],
  () => ['ResolveTicket', 'agent', { code: 'known', notes: 'See the page.', fields: { cause: 'cable' } }],
  () => ['ReopenTicket', 'requester', { reason: 'It is back.' }],
  () => ['ConfirmResolution', 'requester', {}],
  (random) => ['ChangeFields', 'agent', { fields: { priority: pick(random, ['low', 'high', 'urgent']) } }],
  () => ['ChangeFields', 'agent', { fields: { subject: null, impact: 3, vip: true, tags: ['a', 'ü"\\'] } }],
  () => ['RedactContent', 'lead', { fields: ['subject'], reason: 'personal' }],
  () => ['AddComment', 'agent', { body: 'Looked at it: zero \u0000 and lone \ud800.', public: false }],
  (_, { ticketId }) => ['LinkTicket', 'agent', { ticket: ticketId, relation: 'related' }],
  () => ['EscalateTicket', 'agent', {}],
  (random) => (random() < 0.1 ? ['CancelTicket', 'lead', { reason: 'spam' }] : ['StartWork', 'agent', {}]),
  (random) => (random() < 0.1 ? ['SplitTicket', 'agent', {}] : ['ResumeTicket', 'agent', {}]),
];

function openingOf(ticketId: string, random: Random, occurredAt: number): Command {
  const opening = {
    requester: `r-${Math.floor(random() * 1_000)}`,
    fields: { subject: `It does not work (${ticketId})`, priority: 'normal', category: 'hardware' },
  };
  return {
    ...commandOf(ticketId, 'OpenTicket', 'requester', opening, occurredAt),
    workflow: random() < 0.3 ? 'incident' : 'support',
  };
}

/** A command by somebody of that role. */
export function commandOf(
  ticketId: string,
  type: Command['type'],
  role: Command['actor']['role'],
  data: object,
  occurredAt: number,
): Command {
  const actor = { id: `${role}-1`, role };
  return commandSchema.parse({ type, ticketId, actor, occurredAt, source: 'test', data });
}

function pick<T>(random: Random, items: readonly T[]): T {
  const item = items[Math.floor(random() * items.length)];
  if (item === undefined) throw new Error('nothing to pick from');
  return item;
}
