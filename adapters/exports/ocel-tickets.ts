/**
 * A ticket as an OCEL object: its attributes from the beginning, how they changed, and what it is linked to.
 * Attributes are its fields under their own names, and under `docket:` names its workflow, state, assignee
 * and group. All values are texts: a field may hold a number today and a word tomorrow.
 */
import type { RecordedEvent } from '../../domain/ticket/events.ts';
import { evolve } from '../../domain/ticket/evolve.ts';
import type { TicketState } from '../../domain/ticket/state.ts';
import type { EpochMs, TicketId } from '../../domain/ticket/values.ts';
import { attributeValue, linksOf, type ObjectLink } from './ocel-model.ts';

/** What an attribute says that has no value at the time: OCEL has no other way to take a value back. */
export const noValue = '';

export interface AttributeChange {
  readonly name: string;
  readonly value: string;
  readonly at: EpochMs;
}

export interface TicketObject {
  /** Every attribute that the ticket ever has in the export, with its first value. */
  readonly initial: Readonly<Record<string, string>>;
  /** Changes after that, in order of the ticket's events. */
  readonly changes: readonly AttributeChange[];
  /** None twice. They lead to objects that the export holds. */
  readonly links: readonly ObjectLink[];
}

/**
 * The ticket in the light of the export: as it was opened, or as it was before its first selected event,
 * and all that changed up to the last one. A ticket that is only mentioned by others is what it is at the
 * export's end. `history` begins with the ticket's opening; an unknown ticket has none.
 */
export function ticketObject(
  ticketId: TicketId,
  history: readonly RecordedEvent[],
  isSelected: (event: RecordedEvent) => boolean,
): TicketObject {
  const first = history.findIndex(isSelected);
  const last = history.findLastIndex(isSelected);
  // The opening is no change: what a ticket is opened with, it has from the beginning.
  const beginsAt = first === -1 ? history.length : Math.max(1, first);
  const track = new AttributeTrack();
  let ticket: TicketState | undefined;
  for (const [index, event] of history.entries()) {
    ticket = evolve(ticket, event, ticketId);
    if (index === beginsAt - 1) track.begin(ticket);
    else if (index >= beginsAt && index <= last) track.change(ticket, event.occurredAt);
  }
  return { ...track.result(), links: distinctLinks(history.filter(isSelected)) };
}

class AttributeTrack {
  readonly #initial = new Map<string, string>();
  readonly #changes: AttributeChange[] = [];
  #now: ReadonlyMap<string, string> = new Map();

  begin(ticket: TicketState): void {
    this.#now = attributesOf(ticket);
    for (const [name, value] of this.#now) this.#initial.set(name, value);
  }

  change(ticket: TicketState, at: EpochMs): void {
    const before = this.#now;
    this.#now = attributesOf(ticket);
    for (const [name, value] of this.#now) if (before.get(name) !== value) this.#add(name, value, at);
    for (const name of before.keys()) if (!this.#now.has(name)) this.#add(name, noValue, at);
  }

  result(): Pick<TicketObject, 'initial' | 'changes'> {
    return { initial: Object.fromEntries(this.#initial), changes: this.#changes };
  }

  #add(name: string, value: string, at: EpochMs): void {
    // Readers take the first value that they meet for the one from the beginning, so there must be one.
    if (!this.#initial.has(name)) this.#initial.set(name, noValue);
    this.#changes.push({ name, value, at });
  }
}

function attributesOf({
  workflow,
  state,
  assignee,
  group,
  fields,
}: TicketState): ReadonlyMap<string, string> {
  const own = { workflow, state, assignee, group };
  const attributes = new Map<string, string>();
  for (const [name, value] of Object.entries(own)) set(attributes, `docket:${name}`, value);
  // OCEL's own columns of a table begin so; no other name of a field can be in the way.
  for (const name in fields) set(attributes, name.startsWith('ocel_') ? `field:${name}` : name, fields[name]);
  return attributes;
}

function set(attributes: Map<string, string>, name: string, value: unknown): void {
  const held = attributeValue(value);
  if (held !== undefined) attributes.set(name, String(held));
}

function distinctLinks(events: readonly RecordedEvent[]): readonly ObjectLink[] {
  const links = new Map<string, ObjectLink>();
  for (const event of events) {
    for (const link of linksOf(event)) links.set(`${link.qualifier} ${link.id}`, link);
  }
  return [...links.values()];
}
