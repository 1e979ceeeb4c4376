/**
 * Events as server-sent events (WHATWG HTML, section 9.2). The id of an event is its position in its
 * partition, so that a reader who comes back with the last id that it has seen goes on exactly after it.
 *
 * A block without data is dispatched to nobody, but its id counts: that is how a reader whose filter lets
 * nothing pass still learns how far it has come.
 */
import type { RecordedEvent } from '../../../domain/ticket/events.ts';
import { eventJson } from '../event-json.ts';

export const eventStreamMediaType = 'text/event-stream';

/** Why the server ends a stream, in its last event, `bye`. */
export const byeReasons = {
  server_stopping: 'The server stops; connect again, to another one or later.',
  credential_ended: 'The credential was revoked or has expired.',
  stream_failed: 'The events could not be read; connect again later.',
} as const;
export type ByeReason = keyof typeof byeReasons;

/** JSON holds no line breaks, so one line of data is enough. */
export function eventFrame(event: RecordedEvent): Buffer {
  return Buffer.from(
    `id: ${event.position}\nevent: ${event.type}\ndata: ${JSON.stringify(eventJson(event))}\n\n`,
  );
}

/** What a stream begins with: how long to wait before coming back, and what it goes on after. */
export function openingFrame(retryMs: number, after: number): string {
  return `retry: ${retryMs}\nid: ${after}\n\n`;
}

/** Says that the connection lives, and that everything up to `after` was looked at. */
export function heartbeatFrame(after: number): string {
  return `: heartbeat\nid: ${after}\n\n`;
}

export function byeFrame(reason: ByeReason): string {
  return `event: bye\ndata: ${JSON.stringify({ reason, meaning: byeReasons[reason] })}\n\n`;
}
