/**
 * Run as a process of its own by the tests: answers each request after 50 ms, and once, for two seconds, does
 * nothing at all. It keeps when it answered what: timers are late, and the truth is what it really did.
 * Arguments: protocol, PEM file of certificate, of key, milliseconds from the first request to the stall.
 */
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createSecureServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { tell } from '../../../../scripts/bench/child-process.ts';
import { serviceMs, stallMs } from './slow-server-times.ts';

/** Epoch milliseconds, all of them. */
export interface SlowRecord {
  readonly stalledFromMs: number;
  readonly stalledToMs: number;
  /** When each answer was given, in the order of the requests. */
  readonly answeredAtMs: readonly number[];
}

const [protocol, certificateFile = '', keyFile = '', stallAfterMs = '0'] = process.argv.slice(2);
const answeredAtMs: number[] = [];
let requests = 0;
let stall = { stalledFromMs: 0, stalledToMs: 0 };
const nowMs = () => performance.timeOrigin + performance.now();

function stop(): void {
  const stalledFromMs = nowMs();
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, stallMs);
  stall = { stalledFromMs, stalledToMs: nowMs() };
}

const body = '{"status":"accepted","ticketId":"T1","events":1}';
const headers = { 'content-type': 'application/json', 'content-length': body.length };

function handle(
  request: IncomingMessage | Http2ServerRequest,
  response: ServerResponse | Http2ServerResponse,
): void {
  const number = requests;
  requests += 1;
  if (number === 0 && Number(stallAfterMs) > 0) setTimeout(stop, Number(stallAfterMs));
  request.resume();
  setTimeout(() => {
    answeredAtMs[number] = nowMs();
    // One of the two kinds at a time: each has a `writeHead` and an `end` of its own.
    if ('stream' in response) response.stream.respond({ ':status': 200, ...headers });
    else response.writeHead(200, headers);
    if ('stream' in response) response.stream.end(body);
    else response.end(body);
  }, serviceMs);
}

const server =
  protocol === 'http1'
    ? createServer(handle)
    : createSecureServer({ cert: readFileSync(certificateFile), key: readFileSync(keyFile) }, handle);
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  void tell(port);
});
process.once('message', () => {
  const record: SlowRecord = { ...stall, answeredAtMs };
  void tell(record).then(() => process.exit(0));
});
