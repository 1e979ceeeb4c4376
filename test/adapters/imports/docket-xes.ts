/**
 * Docket's dialect of XES written as plainly as can be, from the contract alone: what the real exporter must
 * agree with, and shares no code with.
 */
import type { RecordedEvent } from '../../../domain/ticket/events.ts';

export function docketXes(events: readonly RecordedEvent[], inside = ''): string {
  const tickets = new Map<string, RecordedEvent[]>();
  for (const event of events) tickets.set(event.ticketId, [...(tickets.get(event.ticketId) ?? []), event]);
  const traces = [...tickets.values()].map((its) => {
    const [first] = its;
    const own = `${string('concept:name', first?.ticketId)}${string('docket:workflow', first?.workflow)}`;
    return `<trace>\n${own}${its.map(eventOf).join('')}</trace>\n`;
  });
  return `<?xml version="1.0"?>\n<log>\n${string('docket:format', '1')}${inside}${traces.join('')}</log>\n`;
}

function eventOf(event: RecordedEvent): string {
  return `<event>
${string('concept:name', event.type)}${date('time:timestamp', event.occurredAt)}${string('lifecycle:transition', 'complete')}
${string('org:resource', event.actor.id)}${string('org:role', event.actor.role)}
${int('docket:revision', event.revision)}${int('docket:position', event.position)}${int('docket:partition', event.partition)}
${date('docket:recordedAt', event.recordedAt)}${string('docket:workflow', event.workflow)}${string('docket:state', event.state)}
${int('docket:schemaVersion', event.schemaVersion)}${string('docket:onBehalfOfId', event.onBehalfOf?.id)}
${string('docket:onBehalfOfRole', event.onBehalfOf?.role)}${string('docket:commandId', event.commandId)}
${string('docket:correlationId', event.correlationId)}${string('docket:causationId', event.causationId)}
${string('docket:source', event.source)}${string('docket:data', JSON.stringify(event.data))}</event>
`;
}

function string(key: string, value: string | undefined): string {
  if (value === undefined) return '';
  const text = value.replaceAll(/[&<>"\s]/g, (character) => `&#${character.charCodeAt(0)};`);
  return `<string key="${key}" value="${text}"/>`;
}

function int(key: string, value: number): string {
  return `<int key="${key}" value="${value}"/>`;
}

function date(key: string, at: number): string {
  return `<date key="${key}" value="${new Date(at).toISOString().replace('Z', '+00:00')}"/>`;
}
