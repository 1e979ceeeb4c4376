/**
 * The one place where reads turn a ticket into what its caller may see of it, as an object and as text.
 *
 * It must never be gone around: a ticket that is told in another way is told without its access rules.
 */
import type { Guard, TicketView } from '../../domain/access/guard.ts';
import type { PresentTicket } from '../../domain/ports.ts';
import type { Workflows } from '../../domain/workflow/registry.ts';
import { type LegalHere, ticketJson } from './ticket-json.ts';

export type ShownTicket = ReturnType<typeof ticketJson>;

export interface Seer {
  readonly guard: Guard;
  readonly view: TicketView;
}

export function shownTicket(
  { ticket, partition, position }: PresentTicket,
  workflows: Workflows,
  { guard, view }: Seer,
): ShownTicket {
  return ticketJson(ticket, { partition, position }, workflows, view, guard);
}

const legalTexts = new WeakMap<readonly LegalHere[], string>();

/** What `JSON.stringify` would make of it. What is legal is most of it and seldom new, so it is kept. */
export function ticketText(shown: ShownTicket): string {
  const { legal } = shown;
  const head = JSON.stringify({ ...shown, legal: undefined });
  return legal === undefined ? head : `${head.slice(0, -1)},"legal":${legalText(legal)}}`;
}

function legalText(legal: readonly LegalHere[]): string {
  let text = legalTexts.get(legal);
  if (text === undefined) {
    text = JSON.stringify(legal);
    legalTexts.set(legal, text);
  }
  return text;
}
