/**
 * Reads request bodies: JSON as a whole, bounded by the bytes that really came and by those that they unpack
 * to; streams of commands as they are, for their route to read.
 *
 * It must never hold more of a body than the limits allow, whatever its headers claim.
 */
import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ArrivalDeadline } from './arrival-deadline.ts';
import { type Decoder, decoderFor } from './content-encoding.ts';
import { GatheredBytes } from './gathered-bytes.ts';
import { readJson } from './json-text.ts';
import type { HttpLimits } from './limits.ts';
import type { Load } from './load.ts';
import { type HttpErrorCode, problem, RequestRefused } from './problem.ts';

export const jsonMediaType = 'application/json';
export const mergePatchMediaType = 'application/merge-patch+json';
export const linesMediaType = 'application/x-ndjson';

declare module 'fastify' {
  interface FastifyRequest {
    /** What the body was parsed from, where the request has an Idempotency-Key to compare it under. */
    bodyBytes: Buffer | undefined;
  }
}

type BodyLimits = Pick<HttpLimits, 'bodyBytesMax' | 'bodyDepthMax'>;

interface Arrival {
  readonly limits: BodyLimits;
  readonly load: Load;
  readonly deadline: ArrivalDeadline;
}

type Received = (error: Error | null, bytes?: Buffer) => void;

/** Makes JSON and streams of commands the only kinds of body that the server takes. */
export function acceptBodies(app: FastifyInstance, arrival: Arrival): void {
  app.removeAllContentTypeParsers();
  app.decorateRequest('bodyBytes', undefined);
  app.addContentTypeParser(
    [jsonMediaType, mergePatchMediaType],
    (request: FastifyRequest, payload: IncomingMessage, done) => {
      receive(request, payload, arrival, (error, bytes) => {
        if (error !== null || bytes === undefined) return done(error);
        if (payload.headers['idempotency-key'] !== undefined) request.bodyBytes = bytes;
        if (bytes.length === 0) return done(malformed('the body is empty: send a JSON object'));
        const reading = readJson(bytes, arrival.limits.bodyDepthMax);
        return reading.ok ? done(null, reading.value) : done(malformed(reading.detail));
      });
    },
  );
  app.addContentTypeParser(linesMediaType, (_request: FastifyRequest, payload: IncomingMessage, done) => {
    done(null, unpacked(payload, decoderFor(payload.headers['content-encoding'])));
  });
}

/** What is received, decoded. It ends, or breaks, when what it is made from does. */
function unpacked(payload: IncomingMessage, decoder: Decoder | undefined): Readable {
  if (decoder === undefined) return payload;
  payload.once('close', () => {
    if (!payload.readableEnded) decoder.destroy();
  });
  return payload.pipe(decoder);
}

/** All bytes of a body, counted as they come. Calls back once. */
function receive(
  request: FastifyRequest,
  payload: IncomingMessage,
  { limits, load, deadline }: Arrival,
  received: Received,
): void {
  const { bodyBytesMax } = limits;
  if (Number(payload.headers['content-length']) > bodyBytesMax) {
    received(tooLarge(bodyBytesMax));
    return;
  }
  const decoder = decoderFor(payload.headers['content-encoding']);
  const source = unpacked(payload, decoder);
  const bytes = new GatheredBytes();
  let settled = false;
  const settle: Received = (error, whole) => {
    if (settled) return;
    settled = true;
    deadline.arrived(place);
    // Whatever still arrives is read and dropped, until the refusal has closed the connection.
    if (error !== null) {
      source.off('data', take);
      payload.unpipe().resume();
      decoder?.destroy();
    }
    received(error, whole);
  };
  const take = (chunk: Buffer) => {
    try {
      if (bytes.length + chunk.length > bodyBytesMax) throw tooLarge(bodyBytesMax);
      load.takeBodyBytes(request, chunk.length);
      bytes.add(chunk);
    } catch (error) {
      settle(error instanceof Error ? error : new Error('bug: thrown without an error'));
    }
  };
  const broken = () => {
    // Of `payload.complete`, HTTP/1.1 and HTTP/2 have different notions.
    if (!payload.readableEnded) settle(malformed('the connection broke before the body ended'));
  };
  const place = deadline.watch(() =>
    settle(refusal('request_timeout', 'send the whole request without pauses')),
  );
  payload.on('error', broken).on('close', broken);
  decoder?.on('error', () => settle(malformed('the body is not what its content-encoding says')));
  source.on('data', take).on('end', () => settle(null, bytes.take()));
}

function tooLarge(bytesMax: number): RequestRefused {
  return refusal('body_too_large', `a body may have ${bytesMax} bytes; send several smaller requests`);
}

function malformed(detail: string): RequestRefused {
  return refusal('body_malformed', detail);
}

function refusal(code: HttpErrorCode, detail: string): RequestRefused {
  return new RequestRefused(problem(code, detail));
}
