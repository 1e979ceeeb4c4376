/**
 * From the bytes of a delivery, whose signature was checked, to what was delivered: JSON, JSON in a form, or
 * CloudEvents in any of their three modes. It never guesses: what claims to be JSON and is none is refused.
 */
import { isUtf8 } from 'node:buffer';
import { z } from 'zod';
import type { Delivered, EnvelopeData } from './envelope.ts';
import type { WebhookLimits } from './limits.ts';

/** Why a delivery can not be read as what its source sends; for the source, so without any of its content. */
export class UnreadableDelivery extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UnreadableDelivery';
  }
}

type Raw = Omit<Delivered, 'data'>;
type Bounds = Pick<WebhookLimits, 'bodyDepthMax' | 'batchEventsMax'>;

/** Throws `UnreadableDelivery`. One element, but for batches. */
export function readDelivered(raw: Raw, cloudEvents: boolean, bounds: Bounds): readonly Delivered[] {
  const mediaType = (raw.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (cloudEvents && mediaType === 'application/cloudevents-batch+json') return batch(raw, bounds);
  if (cloudEvents && mediaType === 'application/cloudevents+json') {
    return [{ ...raw, data: checkedEvent(parse(raw.body, bounds)) }];
  }
  const data = dataOf(raw.body, mediaType, bounds);
  if (cloudEvents && raw.headers['ce-id'] !== undefined) return [{ ...raw, data: binaryEvent(raw, data) }];
  return [{ ...raw, data }];
}

function dataOf(body: Buffer, mediaType: string, bounds: Bounds): EnvelopeData {
  if (mediaType === '' || mediaType === 'application/json' || mediaType.endsWith('+json')) {
    return parse(body, bounds);
  }
  if (mediaType !== 'application/x-www-form-urlencoded') return undefined;
  const payload = new URLSearchParams(utf8(body)).get('payload');
  if (payload === null) throw new UnreadableDelivery('a form must have the JSON in its field payload');
  return parse(Buffer.from(payload), bounds);
}

function batch(raw: Raw, bounds: Bounds): readonly Delivered[] {
  const events = parse(raw.body, bounds);
  if (!Array.isArray(events)) throw new UnreadableDelivery('a batch of CloudEvents is a JSON list');
  if (events.length > bounds.batchEventsMax) {
    throw new UnreadableDelivery(
      `a batch may have ${bounds.batchEventsMax} events, this one has ${events.length}`,
    );
  }
  return events.map((event) => ({ ...raw, data: checkedEvent(event) }));
}

const cloudEventSchema = z.looseObject({
  id: z.string().min(1),
  source: z.string().min(1),
  type: z.string().min(1),
  specversion: z.literal('1.0'),
});

function checkedEvent(event: EnvelopeData): EnvelopeData {
  const result = cloudEventSchema.safeParse(event);
  if (result.success) return event;
  throw new UnreadableDelivery(
    'a CloudEvent needs id, source and type, which are no empty texts, and specversion 1.0',
  );
}

/**
 * Binary mode: attributes are headers, whose values are percent-encoded; told here as structured mode does.
 */
function binaryEvent({ headers, body }: Raw, data: EnvelopeData): EnvelopeData {
  const event: Record<string, NonNullable<EnvelopeData>> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith('ce-')) event[name.slice(3)] = percentDecoded(value);
  }
  if (data !== undefined && data !== null) event.data = data;
  else if (data === undefined && body.length > 0) event.data_base64 = body.toString('base64');
  return checkedEvent(event);
}

function percentDecoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    throw new UnreadableDelivery('a ce- header holds a percent sign that begins no valid escape');
  }
}

function parse(body: Buffer, { bodyDepthMax }: Bounds): EnvelopeData {
  const text = utf8(body);
  let data: EnvelopeData;
  try {
    data = JSON.parse(text, (key, value) => {
      if (key === '__proto__') throw new UnreadableDelivery('the name __proto__ is not taken');
      if (value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY) {
        throw new UnreadableDelivery('a number is too large to be held');
      }
      return value;
    });
  } catch (error) {
    if (error instanceof UnreadableDelivery) throw error;
    throw new UnreadableDelivery('the body is not JSON');
  }
  if (isDeeper(data, bodyDepthMax)) {
    throw new UnreadableDelivery(`the body has more than ${bodyDepthMax} lists and maps inside each other`);
  }
  return data;
}

function utf8(body: Buffer): string {
  if (!isUtf8(body)) throw new UnreadableDelivery('the body is not valid UTF-8');
  return body.toString('utf8');
}

function isDeeper(value: EnvelopeData, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((each) => isDeeper(each, levels - 1));
}
