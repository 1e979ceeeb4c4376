/**
 * Events of the log as answers that end: a page of JSON, or lines for as many events as a caller can take.
 * Both say where to go on, and both stop looking after a bounded number of events, whatever passes.
 */
import type { ServerResponse } from 'node:http';
import { z } from 'zod';
import { Fault } from '../../../domain/errors.ts';
import type { HttpContext } from '../context.ts';
import { eventJson, eventJsonSchema } from '../event-json.ts';
import type { HttpLimits } from '../limits.ts';
import type { Caller } from '../route.ts';
import type { EventFilter } from './event-filter.ts';
import { scanEvents } from './scan-events.ts';
import { PresentTickets, visibleEvents } from './visible-events.ts';

export interface EventQuestion {
  readonly partition: number;
  readonly from: number;
  /** The head of the partition: events after it are left for later. */
  readonly head: number;
  /** Most events, those left out because they may not be seen not counted. */
  readonly limit: number;
  readonly filter: EventFilter;
}

export const eventPageSchema = z.object({
  partition: z.int(),
  /** The partition's last position when it was asked. */
  position: z.int(),
  events: z.array(eventJsonSchema),
  /** The `from` of the next page; where it is beyond `position`, there is nothing more yet. */
  next: z.int(),
});

/** The last line of lines: without it, something is missing. */
export const eventsEndSchema = z.object({
  partition: z.int(),
  position: z.int(),
  next: z.int(),
  /** How many lines of events came before. */
  events: z.int(),
  /** Why it ends before what was asked for. */
  ended: z.literal('credential_ended').optional(),
});

export const eventLineSchema = z.union([eventJsonSchema, eventsEndSchema]);

type PageContext = Pick<HttpContext, 'reader' | 'tickets' | 'access' | 'limits'>;

/** The text of a page, as `eventPageSchema` says. */
export async function eventPage(
  context: PageContext,
  question: EventQuestion,
  caller: Caller,
): Promise<string> {
  const { limits } = context;
  // Where only some may pass, how many must be read for as many as are wanted is not known.
  const all = question.filter.key === '' && caller.guard.readsAll;
  const bounds: PartBounds = {
    batchMax: all ? Math.min(question.limit, limits.streamPageEventsMax) : limits.streamPageEventsMax,
    scannedMax: limits.eventsScannedMax,
    charactersMax: limits.eventsPageCharactersMax,
    msMax: limits.eventsPageMsMax,
  };
  const events: string[] = [];
  let next = question.from;
  for await (const part of parts(context, question, caller, bounds)) {
    events.push(...part.events);
    next = part.next;
  }
  const { partition, head } = question;
  return `{"partition":${partition},"position":${head},"events":[${events.join(',')}],"next":${next}}`;
}

/** Each line ends with a line break; several come at a time. */
export async function* eventLines(
  context: PageContext,
  question: EventQuestion,
  caller: Caller,
): AsyncGenerator<string> {
  const { limits } = context;
  const { partition, head } = question;
  const bounds: PartBounds = {
    batchMax: limits.eventsExportBatchMax,
    scannedMax: limits.eventsExportScannedMax,
    charactersMax: Number.POSITIVE_INFINITY,
    msMax: Number.POSITIVE_INFINITY,
  };
  let next = question.from;
  let count = 0;
  let ended: { readonly ended?: 'credential_ended' } = {};
  for await (const part of parts(context, question, caller, bounds)) {
    // The caller's right may have ended since the last part was sent.
    if (!caller.principal.isActive()) {
      ended = { ended: 'credential_ended' };
      break;
    }
    if (part.events.length > 0) yield `${part.events.join('\n')}\n`;
    next = part.next;
    count += part.events.length;
  }
  yield `${JSON.stringify({ partition, position: head, next, events: count, ...ended })}\n`;
}

/** Gives lines to a response, and cuts it where it takes nothing for too long. */
export async function* notForever(
  lines: AsyncIterable<string>,
  response: ServerResponse,
  { streamSilenceMsMax }: Pick<HttpLimits, 'streamSilenceMsMax'>,
): AsyncGenerator<string> {
  for await (const text of lines) {
    const late = setTimeout(() => response.destroy(), streamSilenceMsMax);
    try {
      yield text;
    } finally {
      clearTimeout(late);
    }
  }
}

/** How many answers of lines are under way. */
export class EventExports {
  readonly #max: number;
  #underWay = 0;

  constructor({ eventExportsMax }: Pick<HttpLimits, 'eventExportsMax'>) {
    this.#max = eventExportsMax;
  }

  /** Counts one until its response is closed, or what is returned is called. Throws `overloaded`. */
  count(response: ServerResponse): () => void {
    if (this.#underWay >= this.#max) {
      throw new Fault('overloaded', `${this.#max} answers of lines are under way; try again later`);
    }
    this.#underWay += 1;
    let counted = true;
    const release = () => {
      if (counted) this.#underWay -= 1;
      counted = false;
    };
    response.once('close', release);
    return release;
  }
}

/** What ends an answer before it has all that was asked for; how lines are ended is up to who reads them. */
interface PartBounds {
  readonly batchMax: number;
  readonly scannedMax: number;
  readonly charactersMax: number;
  readonly msMax: number;
}

interface Part {
  /** As JSON. */
  readonly events: readonly string[];
  readonly next: number;
}

/** What the caller may see, part by part, until there is as much as it asked for, or a bound is reached. */
async function* parts(
  { reader, tickets, access, limits }: PageContext,
  { partition, from, head, limit, filter }: EventQuestion,
  { principal }: Caller,
  { batchMax, scannedMax, charactersMax, msMax }: PartBounds,
): AsyncGenerator<Part> {
  const present = new PresentTickets(tickets, limits.streamTicketsMax);
  const scan = { partition, from, upTo: head, filter, batchEventsMax: batchMax };
  const start = performance.now();
  let left = limit;
  let characters = 0;
  for await (const scanned of scanEvents(reader, scan)) {
    // By the policy of the moment, on tickets as they are now: an answer of lines may take long.
    present.forget();
    const events: string[] = [];
    let next = scanned.next;
    for (const event of await visibleEvents(scanned.events, access.guardOf(principal), present)) {
      if (left === 0 || characters >= charactersMax) {
        next = event.position;
        break;
      }
      const text = JSON.stringify(eventJson(event));
      events.push(text);
      characters += text.length;
      left -= 1;
    }
    yield { events, next };
    const full = left === 0 || characters >= charactersMax;
    if (full || scanned.next - from >= scannedMax || performance.now() - start > msMax) return;
  }
}
