/**
 * Run as a process of its own by http.ts: keeps a number of connections busy, each with one request at a
 * time, and tells how many were answered and how fast. It reads only as much of an answer as it must (status
 * and length), so that it is never what limits the server it measures.
 */
import { connect, type Socket } from 'node:net';
import { build } from 'hdr-histogram-js';
import { z } from 'zod';
import { tell } from './child-process.ts';

const planSchema = z.object({
  port: z.int(),
  connections: z.int().min(1),
  seconds: z.number(),
  warmSeconds: z.number(),
  /**
   * A whole request, as it goes over the wire, with `{index}` in its address; connections take turns with
   * them.
   */
  request: z.string(),
  indexes: z.int().min(1),
});
export type LoadPlan = z.infer<typeof planSchema>;

export interface LoadResult {
  /** By status, within the measured time. */
  readonly answers: Readonly<Record<string, number>>;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** CPU seconds that this process used meanwhile, for each second. */
  readonly cpu: number;
}

const headEnd = Buffer.from('\r\n\r\n');
const lengthName = Buffer.from('content-length: ');

const plan = planSchema.parse(JSON.parse(process.argv[2] ?? ''));
const requests = Array.from({ length: plan.indexes }, (_, index) =>
  Buffer.from(plan.request.replace('{index}', String(index))),
);
const micros = build({ lowestDiscernibleValue: 1, highestTrackableValue: 60_000_000 });
const answers: Record<string, number> = {};
let measuring = false;
let over = false;

class Connection {
  readonly #socket: Socket;
  #next: number;
  #sentAtMs = 0;
  #held: Buffer = Buffer.alloc(0);

  constructor(index: number) {
    this.#next = index;
    this.#socket = connect({ port: plan.port, host: '127.0.0.1', noDelay: true });
    this.#socket.on('connect', () => this.#send());
    this.#socket.on('data', (chunk) => this.#take(chunk));
    this.#socket.on('error', (error) => {
      if (!over) throw error;
    });
  }

  #send(): void {
    const request = requests[this.#next % requests.length];
    this.#next += plan.connections;
    this.#sentAtMs = performance.now();
    if (request !== undefined) this.#socket.write(request);
  }

  #take(chunk: Buffer): void {
    const data = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    const end = data.indexOf(headEnd);
    const size = end === -1 ? Number.POSITIVE_INFINITY : end + headEnd.length + lengthOf(data, end);
    if (data.length < size) {
      this.#held = data;
      return;
    }
    this.#held = Buffer.alloc(0);
    if (measuring) {
      const status = data.toString('latin1', 9, 12);
      answers[status] = (answers[status] ?? 0) + 1;
      micros.recordValue(Math.max(1, Math.round((performance.now() - this.#sentAtMs) * 1_000)));
    }
    if (over) this.#socket.destroy();
    else this.#send();
  }
}

function lengthOf(data: Buffer, headEnds: number): number {
  const at = data.indexOf(lengthName);
  if (at === -1 || at > headEnds) throw new Error('an answer came without its length');
  return Number(data.toString('latin1', at + lengthName.length, data.indexOf('\r', at)));
}

const pause = (seconds: number) => new Promise<void>((resolve) => setTimeout(resolve, seconds * 1_000));

for (let index = 0; index < plan.connections; index += 1) new Connection(index);
await pause(plan.warmSeconds);
const cpuBefore = process.cpuUsage();
const startedAtMs = performance.now();
measuring = true;
await pause(plan.seconds);
measuring = false;
const seconds = (performance.now() - startedAtMs) / 1_000;
const used = process.cpuUsage(cpuBefore);
over = true;
const result: LoadResult = {
  answers,
  seconds,
  p50Ms: micros.getValueAtPercentile(50) / 1_000,
  p99Ms: micros.getValueAtPercentile(99) / 1_000,
  cpu: (used.user + used.system) / 1e6 / seconds,
};
await tell(result);
process.disconnect();
