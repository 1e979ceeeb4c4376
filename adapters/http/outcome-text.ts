/**
 * Outcomes as the text of their JSON, made by hand: there is one for every command, and what an accepted one
 * holds is always the same.
 */
import type { Accepted, Outcome } from '../../domain/ports.ts';
import type { RefusedJson } from './outcome-json.ts';

/** States that are known as JSON; there are as many as workflows have, and users may add workflows. */
const statesKnownMax = 4_096;
const stateTexts = new Map<string, string>();

/** Ids need no escapes: they hold letters, digits and `. _ : -` only. */
export function acceptedText(outcome: Accepted): string {
  const { ticketId, revision, state, events, position, newTicketId, repeated } = outcome;
  const opened = newTicketId === undefined ? '' : `,"newTicketId":"${newTicketId}"`;
  return `{"status":"accepted","ticketId":"${ticketId}","revision":${revision},"state":${stateText(state)},"events":${events},"position":${position}${opened},"repeated":${repeated}}`;
}

/** One line of the answer to a stream: the outcome, with the line it answers first. */
export function outcomeLine(line: number, outcome: Outcome | RefusedJson): string {
  const text = outcome.status === 'accepted' ? acceptedText(outcome) : JSON.stringify(outcome);
  return `{"line":${line},${text.slice(1)}\n`;
}

function stateText(state: string): string {
  const known = stateTexts.get(state);
  if (known !== undefined) return known;
  const text = JSON.stringify(state);
  if (stateTexts.size < statesKnownMax) stateTexts.set(state, text);
  return text;
}
