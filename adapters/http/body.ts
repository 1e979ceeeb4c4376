/**
 * Reads request bodies as JSON: bounded by the bytes that really came, strict about UTF-8, closed to
 * prototype poisoning, and telling where a syntax error is.
 *
 * It must never hold more of a body than the limits allow, whatever content-length claims.
 */
import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { HttpLimits } from './limits.ts';
import type { Load } from './load.ts';
import { type HttpErrorCode, problem, RequestRefused } from './problem.ts';

type ParseJson = (text: string) => Promise<unknown>;

/** Makes JSON the only kind of body that the server takes. */
export function acceptJson(app: FastifyInstance, limits: Pick<HttpLimits, 'bodyBytesMax'>, load: Load): void {
  const parser = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', async (request: FastifyRequest, payload: IncomingMessage) => {
    refuseByHeaders(request, limits.bodyBytesMax);
    const bytes = await receive(payload, limits.bodyBytesMax, load);
    const parse: ParseJson = (text) =>
      new Promise((resolve, reject) => {
        void parser(request, text, (error, body) => (error === null ? resolve(body) : reject(error)));
      });
    return parseBody(bytes, parse);
  });
}

function refuseByHeaders(request: FastifyRequest, bytesMax: number): void {
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity') {
    throw refusal('media_type_unsupported', `content-encoding ${encoding} is not taken; send plain JSON`);
  }
  if (Number(request.headers['content-length']) > bytesMax) throw tooLarge(bytesMax);
}

/** All bytes of a body, counted as they come. */
function receive(payload: IncomingMessage, bytesMax: number, load: Load): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const take = (chunk: Buffer) => {
      bytes += chunk.length;
      try {
        if (bytes > bytesMax) throw tooLarge(bytesMax);
        load.takeBodyBytes(payload, chunk.length);
        chunks.push(chunk);
      } catch (error) {
        // Whatever still arrives is read and dropped, until the refusal has closed the connection.
        payload.off('data', take).resume();
        reject(error);
      }
    };
    let ended = false;
    const broken = () => {
      // Of `payload.complete`, HTTP/1.1 and HTTP/2 have different notions.
      if (ended) return;
      reject(refusal('body_malformed', 'the connection broke before the body ended'));
    };
    payload.on('data', take).on('error', broken).on('close', broken);
    payload.on('end', () => {
      ended = true;
      resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks));
    });
  });
}

async function parseBody(bytes: Buffer, parse: ParseJson): Promise<unknown> {
  if (bytes.length === 0) throw refusal('body_malformed', 'the body is empty: send a JSON object');
  if (!isUtf8(bytes)) throw refusal('body_malformed', 'the body is not valid UTF-8');
  const text = bytes.toString('utf8');
  try {
    return await parse(text);
  } catch {
    throw refusal('body_malformed', whyNotJson(text));
  }
}

/** JSON.parse names what it met and where: line and column as far as it knows them. */
function whyNotJson(text: string): string {
  try {
    JSON.parse(text);
  } catch (error) {
    return error instanceof SyntaxError ? error.message : 'the body is not JSON';
  }
  return 'the keys __proto__ and constructor.prototype are not allowed';
}

function tooLarge(bytesMax: number): RequestRefused {
  return refusal('body_too_large', `a body may have ${bytesMax} bytes; send several smaller requests`);
}

function refusal(code: HttpErrorCode, detail: string): RequestRefused {
  return new RequestRefused(problem(code, detail));
}
