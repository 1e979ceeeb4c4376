/**
 * Ticket states as text and back: one JSON array a ticket, `null` for what a ticket does not have. JSON,
 * because V8 reads and writes it faster than any code of ours could, and because what is in it can be looked
 * at. It must give back every state exactly; texts that many tickets share come back as one.
 *
 *     [ticketId, workflow, revision, state, openedAt, openedBy.id, openedBy.role, requester, assignee, group,
 *      [offer.agent, offer.expiresAt], [hold.reason, hold.until, hold.timerId], resolvedAt, resolutionCode,
 *      mergedInto, links or null for none, fields or null for none, replied as 1, clocks or null for none]
 *
 * and of each clock
 *
 *     [clock, metric, targetMs, policy, priority, hours, calendar, state, elapsedMs, since, dueAt, breached]
 */
import type { SlaClock, SlaHours, SlaMetric } from '../../domain/sla/clock.ts';
import type { HoldReason, Link, TicketState } from '../../domain/ticket/state.ts';
import type { Actor, EpochMs, Fields, Role, TicketId } from '../../domain/ticket/values.ts';

/** Shared texts and actors kept at a time; when there are more, keeping begins anew. */
const sharedMax = 65_536;

type Stored = readonly [
  ticketId: TicketId,
  workflow: string,
  revision: number,
  state: string,
  openedAt: EpochMs,
  openedById: string,
  openedByRole: Role,
  requester: string | null,
  assignee: string | null,
  group: string | null,
  offer: readonly [agent: string, expiresAt: EpochMs] | null,
  hold: readonly [reason: HoldReason, until: EpochMs | null, timerId: string | null] | null,
  resolvedAt: EpochMs | null,
  resolutionCode: string | null,
  mergedInto: TicketId | null,
  links: readonly Link[] | null,
  fields: Fields | null,
  replied: 1 | null,
  clocks: readonly StoredClock[] | null,
];

type StoredClock = readonly [
  clock: string,
  metric: SlaMetric,
  targetMs: number,
  policy: string,
  priority: string | null,
  hours: SlaHours,
  calendar: string | null,
  state: SlaClock['state'],
  elapsedMs: number,
  since: EpochMs,
  dueAt: EpochMs | null,
  breached: boolean,
];

const noLinks: readonly Link[] = Object.freeze([]);
const noFields: Fields = Object.freeze({});

export function encodeState(ticket: TicketState): string {
  const { offer, hold } = ticket;
  const stored: Stored = [
    ticket.ticketId,
    ticket.workflow,
    ticket.revision,
    ticket.state,
    ticket.openedAt,
    ticket.openedBy.id,
    ticket.openedBy.role,
    ticket.requester ?? null,
    ticket.assignee ?? null,
    ticket.group ?? null,
    offer === undefined ? null : [offer.agent, offer.expiresAt],
    hold === undefined ? null : [hold.reason, hold.until ?? null, hold.timerId ?? null],
    ticket.resolvedAt ?? null,
    ticket.resolutionCode ?? null,
    ticket.mergedInto ?? null,
    ticket.links.length === 0 ? null : ticket.links,
    isEmpty(ticket.fields) ? null : ticket.fields,
    ticket.replied === true ? 1 : null,
    ticket.clocks?.map(storedClock) ?? null,
  ];
  return JSON.stringify(stored);
}

function storedClock(clock: SlaClock): StoredClock {
  return [
    clock.clock,
    clock.metric,
    clock.targetMs,
    clock.policy,
    clock.priority ?? null,
    clock.hours,
    clock.calendar ?? null,
    clock.state,
    clock.elapsedMs,
    clock.since,
    clock.dueAt ?? null,
    clock.breached,
  ];
}

function isEmpty(fields: Fields): boolean {
  for (const _ in fields) return false;
  return true;
}

/** Reads the states of one snapshot. */
export class StateDecoder {
  readonly #texts = new Map<string, string>();
  readonly #actors = new Map<string, Actor>();

  /** `text` is a JSON array of what `encodeState` made; its checksum was right, so its shape is. */
  decode(text: string): readonly TicketState[] {
    return (JSON.parse(text) as readonly Stored[]).map((stored) => this.#state(stored));
  }

  #state(stored: Stored): TicketState {
    const [offer, hold] = [stored[10], stored[11]];
    return {
      ticketId: stored[0],
      workflow: this.#shared(stored[1]),
      revision: stored[2],
      state: this.#shared(stored[3]),
      openedAt: stored[4],
      openedBy: this.#actor(stored[5], stored[6]),
      requester: stored[7] ?? undefined,
      assignee: this.#sharedOrNone(stored[8]),
      group: this.#sharedOrNone(stored[9]),
      offer: offer === null ? undefined : { agent: offer[0], expiresAt: offer[1] },
      hold:
        hold === null
          ? undefined
          : { reason: hold[0], until: hold[1] ?? undefined, timerId: hold[2] ?? undefined },
      resolvedAt: stored[12] ?? undefined,
      resolutionCode: this.#sharedOrNone(stored[13]),
      mergedInto: stored[14] ?? undefined,
      links: stored[15] ?? noLinks,
      fields: stored[16] ?? noFields,
      replied: stored[17] === 1 ? true : undefined,
      clocks: stored[18]?.map((clock) => this.#clock(clock)),
    };
  }

  #clock(stored: StoredClock): SlaClock {
    return {
      clock: this.#shared(stored[0]),
      metric: stored[1],
      targetMs: stored[2],
      policy: this.#shared(stored[3]),
      priority: this.#sharedOrNone(stored[4]),
      hours: stored[5],
      calendar: this.#sharedOrNone(stored[6]),
      state: stored[7],
      elapsedMs: stored[8],
      since: stored[9],
      dueAt: stored[10] ?? undefined,
      breached: stored[11],
    };
  }

  #sharedOrNone(text: string | null): string | undefined {
    return text === null ? undefined : this.#shared(text);
  }

  #shared(text: string): string {
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    if (this.#texts.size >= sharedMax) this.#texts.clear();
    this.#texts.set(text, text);
    return text;
  }

  #actor(id: string, role: Role): Actor {
    const known = this.#actors.get(id);
    if (known?.role === role) return known;
    if (this.#actors.size >= sharedMax) this.#actors.clear();
    const actor = { id, role };
    this.#actors.set(id, actor);
    return actor;
  }
}
