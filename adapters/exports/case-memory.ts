/**
 * What an export remembers of the tickets it has come across: their group, and where their first event in
 * the file is. Bounded: a ticket that was not met for long is forgotten, and its history is read
 * again when it is met once more, so a forgotten ticket costs time and never an answer.
 */
import type { NewEvent } from '../../domain/ticket/events.ts';
import type { TicketId } from '../../domain/ticket/values.ts';

/** Tickets remembered at most, about 150 bytes each. */
export const casesRememberedMax = 400_000;
/** Names of groups kept so that equal ones share their text; beyond this many, one begins anew. */
const groupNamesMax = 10_000;

export interface RememberedCase {
  group: string | undefined;
  /** Of its first selected event, see `SelectedEvent`; none while it has none. */
  caseKey: number | undefined;
}

export class CaseMemory {
  readonly #casesMax: number;
  #young = new Map<TicketId, RememberedCase>();
  #old = new Map<TicketId, RememberedCase>();
  readonly #groupNames = new Map<string, string>();

  constructor(casesMax = casesRememberedMax) {
    this.#casesMax = casesMax;
  }

  find(ticketId: TicketId): RememberedCase | undefined {
    const young = this.#young.get(ticketId);
    if (young !== undefined) return young;
    const old = this.#old.get(ticketId);
    if (old !== undefined) this.remember(ticketId, old);
    return old;
  }

  remember(ticketId: TicketId, remembered: RememberedCase): void {
    if (this.#young.size >= this.#casesMax / 2) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(ticketId, remembered);
  }

  /** Takes note of an event of the ticket: the group may be another one after it. */
  update(remembered: RememberedCase, event: NewEvent): void {
    const group = groupAfter(remembered.group, event);
    if (group !== remembered.group) remembered.group = group === undefined ? undefined : this.#shared(group);
  }

  #shared(group: string): string {
    const known = this.#groupNames.get(group);
    if (known !== undefined) return known;
    if (this.#groupNames.size >= groupNamesMax) this.#groupNames.clear();
    this.#groupNames.set(group, group);
    return group;
  }
}

/** The group of a ticket after the event: what `evolve` makes of it, without the rest of the ticket. */
export function groupAfter(before: string | undefined, event: NewEvent): string | undefined {
  switch (event.type) {
    case 'TicketAssigned':
      return event.data.group === undefined ? before : (event.data.group ?? undefined);
    case 'TicketQueued':
      return event.data.group;
    case 'TicketUnassigned':
      return undefined;
    default:
      return before;
  }
}
