/**
 * Run as a process of its own by http-bulk.ts: makes lines of commands, sends them to a server as one stream
 * as fast as it takes them, reads what comes back, and tells how long that took and what the server counted.
 */
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { tell } from './child-process.ts';
import { commandsPerCall, LiveTickets } from './workloads.ts';

export interface Streamed {
  /** From the request's first byte to the answer's last. */
  readonly seconds: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** The last line of the answer. */
  readonly end: string;
}

const newline = 0x0a;
const [url = '', adminKey = '', events = '0', skipped = '0', key = ''] = process.argv.slice(2);
const tickets = new LiveTickets({ order: 'each', payload: 'none' });
for (const _ of tickets.calls(Number(skipped)));
const parts: Buffer[] = [];
for (let left = Number(events); left > 0; left -= commandsPerCall) {
  const commands = tickets.next(Math.min(left, commandsPerCall));
  parts.push(Buffer.from(`${commands.map((command) => JSON.stringify(command)).join('\n')}\n`));
}
await tell('ready');
const startedAtMs = performance.now();
const sending = request(url, {
  method: 'POST',
  headers: {
    'content-type': 'application/x-ndjson',
    authorization: `Bearer ${adminKey}`,
    ...(key === '' ? {} : { 'idempotency-key': key }),
  },
});
const answered = once(sending, 'response').then(([response]: IncomingMessage[]) => read(response));
for (const part of parts) if (!sending.write(part)) await once(sending, 'drain');
sending.end();
const { end, bytesReceived } = await answered;
const streamed: Streamed = {
  seconds: (performance.now() - startedAtMs) / 1_000,
  bytesSent: parts.reduce((sum, { length }) => sum + length, 0),
  bytesReceived,
  end,
};
await tell(streamed);
process.disconnect();

/** Looks at the last line only: a client that parses every outcome would be what is measured. */
async function read(response: IncomingMessage | undefined) {
  if (response === undefined) throw new Error('bug: a response without a response');
  let bytesReceived = 0;
  let last = Buffer.alloc(0);
  for await (const chunk of response) {
    bytesReceived += chunk.length;
    last = chunk.lastIndexOf(newline, -2) === -1 ? Buffer.concat([last, chunk]) : chunk;
  }
  const text = last.toString('utf8').trimEnd();
  return { bytesReceived, end: text.slice(text.lastIndexOf('\n') + 1) };
}
