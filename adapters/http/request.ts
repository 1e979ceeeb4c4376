/**
 * One request to a Docket server and its whole answer. A server with a certificate of its own is believed
 * if it shows exactly that one, whatever name it bears: who knows the certificate got it from the server's
 * own folder.
 */
import { X509Certificate } from 'node:crypto';
import { request as httpsRequest } from 'node:https';
import { text } from 'node:stream/consumers';

export interface TextRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
}

export interface TextAnswer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly text: string;
}

/** Rejects with whatever kept the answer from coming; follows no redirect. `certificate` is PEM. */
export async function requestText(
  url: URL,
  request: TextRequest,
  certificate?: string | undefined,
): Promise<TextAnswer> {
  // Servers are near, and compressing costs both sides more than it saves.
  const init = { ...request, headers: { 'accept-encoding': 'identity', ...request.headers } };
  if (certificate !== undefined) return requestPinned(url, init, certificate);
  const response = await fetch(url, { ...init, redirect: 'error' });
  const retryAfter = response.headers.get('retry-after') ?? undefined;
  return { status: response.status, retryAfter, text: await response.text() };
}

function requestPinned(url: URL, init: TextRequest, certificate: string): Promise<TextAnswer> {
  const { method = 'GET', headers = {}, body = '', signal } = init;
  const length = body === '' ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  const trust = {
    // The first is the server's own; trusted by itself, it needs no authority above it, nor a name.
    ca: String(new X509Certificate(certificate)),
    allowPartialTrustChain: true,
    checkServerIdentity: () => undefined,
  };
  return new Promise((resolve, reject) => {
    const options = { method, headers: { ...headers, ...length }, signal, ...trust };
    const sent = httpsRequest(url, options, (answer) => {
      const { statusCode = 0, headers: found } = answer;
      text(answer).then(
        (received) => resolve({ status: statusCode, retryAfter: found['retry-after'], text: received }),
        reject,
      );
    });
    sent.on('error', reject).end(body);
  });
}
