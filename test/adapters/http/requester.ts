/**
 * Requests over each protocol that the server speaks, with fetch's shapes: fetch itself knows neither
 * HTTP/2 nor a certificate of one's own.
 */
import { connect, type IncomingHttpHeaders } from 'node:http2';
import { Agent, request as httpsRequest } from 'node:https';
import { buffer } from 'node:stream/consumers';
import { developmentCertificate } from '../../../adapters/certificates/development-certificate.ts';

export const protocols = ['http1', 'https1', 'http2'] as const;
export type Protocol = (typeof protocols)[number];

/** For all servers of a run: making one takes its time. */
export const testCertificate = developmentCertificate({ hosts: [], days: 2, now: Date.now() });

export interface Requester {
  send(path: string, init: RequestInit): Promise<Response>;
  /** Whoever asks over HTTP/2 does so on one connection. */
  close(): void;
}

export function requesterOf(protocol: Protocol, url: string): Requester {
  switch (protocol) {
    case 'http1':
      return { send: (path, init) => fetch(`${url}${path}`, init), close: () => undefined };
    case 'https1':
      return overHttps(url);
    case 'http2':
      return overHttp2(url);
    default:
      return protocol;
  }
}

function overHttps(url: string): Requester {
  const agent = new Agent({ keepAlive: true, ca: testCertificate.certificate });
  const send = (path: string, { method = 'GET', headers, body }: RequestInit): Promise<Response> =>
    new Promise((resolve, reject) => {
      const options = { method, headers: plainHeaders(headers, body), agent };
      const request = httpsRequest(new URL(path, url), options, (answer) => {
        buffer(answer).then((bytes) => resolve(responseOf(answer.statusCode, answer.headers, bytes)), reject);
      });
      request.on('error', reject).end(bytesOf(body));
    });
  return { send, close: () => agent.destroy() };
}

function overHttp2(url: string): Requester {
  let session = open();
  function open() {
    return connect(url, { ca: testCertificate.certificate }).on('error', () => undefined);
  }
  const send = (path: string, { method = 'GET', headers, body }: RequestInit): Promise<Response> => {
    if (session.closed || session.destroyed) session = open();
    const bytes = bytesOf(body);
    const named = { ...plainHeaders(headers, body), ':method': method, ':path': path };
    return new Promise((resolve, reject) => {
      const stream = session.request(named, { endStream: bytes === undefined });
      let begun = false;
      stream.on('response', (head) => {
        begun = true;
        buffer(stream).then((answered) => resolve(responseOf(head[':status'], head, answered)), reject);
      });
      stream.on('error', reject);
      stream.on('close', () => {
        if (!begun) reject(new Error(`no answer: stream code ${stream.rstCode}`));
      });
      if (bytes !== undefined) stream.end(bytes);
    });
  };
  return { send, close: () => session.destroy() };
}

function plainHeaders(headers: RequestInit['headers'], body: RequestInit['body']): Record<string, string> {
  const given = Object.fromEntries(new Headers(headers));
  const bytes = bytesOf(body);
  return bytes === undefined ? given : { 'content-length': String(bytes.length), ...given };
}

function bytesOf(body: RequestInit['body']): Buffer | undefined {
  if (body === undefined || body === null) return undefined;
  if (typeof body === 'string') return Buffer.from(body);
  if (body instanceof Uint8Array) return Buffer.from(body);
  throw new Error('bug: a test sends a body that this client does not know');
}

function responseOf(status: number | undefined, headers: IncomingHttpHeaders, bytes: Buffer): Response {
  const named = Object.entries(headers).flatMap(([name, value]): [string, string][] =>
    name.startsWith(':') || value === undefined ? [] : [[name, [value].flat().join(', ')]],
  );
  const body = bytes.length === 0 ? null : new Uint8Array(bytes);
  return new Response(body, { status: status ?? 0, headers: named });
}
