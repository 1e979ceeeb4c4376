/**
 * Run as a process of its own by overload.ts: callers on raw sockets, one request at a time on each, as cheap
 * as they can be made, so that the server is what gives way. In an open loop the next request is due when its
 * time has come, whatever became of the others; its latency counts from then.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { build } from 'hdr-histogram-js';
import { tell } from './child-process.ts';

/** One part of a run, told to this process as JSON. */
export interface Phase {
  /** Requests that become due per second; 0 for a closed loop, in which an answer makes the next due. */
  readonly perSecond: number;
  readonly seconds: number;
  readonly connections: number;
}

export interface CallersPlan {
  readonly port: number;
  /** Each request is for one of these, in turn. */
  readonly ticketIds: readonly string[];
  readonly phases: readonly Phase[];
}

export interface PhaseResult {
  readonly due: number;
  /** Not sent, as every connection still waited for an answer: what the server's slowness held back. */
  readonly heldBack: number;
  readonly accepted: number;
  readonly refused: number;
  /** Any other status, and connections that broke. */
  readonly failed: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** From the start of the phase to when its last request was sent that was refused, or answered late. */
  readonly troubledSeconds: number;
  /** Share of a core that this process used: near 1 it may have been the bottleneck itself. */
  readonly cpuShare: number;
}

/** An answer later than this is trouble. */
const lateMs = 100;
const tickMs = 1;
/** How long the answers to the last requests of a phase are waited for. */
const settleMs = 300;
/** As many connections as servers let wait to be accepted, and some to spare. */
const connectingMax = 256;
const statusAt = 'HTTP/1.1 '.length;

class Caller {
  readonly #socket: Socket;
  readonly #onAnswer: (caller: Caller, status: number) => void;
  #text = '';
  dueMs = 0;
  busy = false;

  constructor(port: number, onAnswer: (caller: Caller, status: number) => void) {
    this.#onAnswer = onAnswer;
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.#socket.setEncoding('latin1');
    this.#socket.on('data', (chunk: string) => this.#receive(chunk));
    this.#socket.on('error', () => undefined);
    this.#socket.on('close', () => this.#answer(0));
  }

  async connected(): Promise<void> {
    await once(this.#socket, 'connect');
  }

  get usable(): boolean {
    return !this.#socket.destroyed;
  }

  send(request: Buffer, dueMs: number): void {
    this.dueMs = dueMs;
    this.busy = true;
    this.#socket.write(request);
  }

  end(): void {
    this.#socket.destroy();
  }

  #receive(chunk: string): void {
    this.#text = this.#text === '' ? chunk : this.#text + chunk;
    const headEnd = this.#text.indexOf('\r\n\r\n');
    if (headEnd === -1) return;
    const length = /\r\ncontent-length: (\d+)/i.exec(this.#text)?.[1];
    if (length === undefined || this.#text.length < headEnd + 4 + Number(length)) return;
    const status = Number(this.#text.slice(statusAt, statusAt + 3));
    this.#text = '';
    this.#answer(status);
  }

  #answer(status: number): void {
    if (!this.busy) return;
    this.busy = false;
    this.#onAnswer(this, status);
  }
}

/** Everything that one phase counts. */
class Running {
  readonly #plan: CallersPlan;
  readonly #requests: readonly Buffer[];
  readonly #callers: Caller[] = [];
  readonly #free: Caller[] = [];
  readonly #latency = build({ highestTrackableValue: 60_000_000, numberOfSignificantValueDigits: 3 });
  readonly #closed: boolean;
  #startedAtMs = 0;
  #ending = false;
  #sent = 0;
  #due = 0;
  #heldBack = 0;
  #accepted = 0;
  #refused = 0;
  #failed = 0;
  #troubledUntilMs = 0;

  constructor(plan: CallersPlan, requests: readonly Buffer[], { perSecond }: Phase) {
    this.#plan = plan;
    this.#requests = requests;
    this.#closed = perSecond === 0;
  }

  async run({ perSecond, seconds, connections }: Phase): Promise<PhaseResult> {
    while (this.#callers.length < connections) {
      const length = Math.min(connectingMax, connections - this.#callers.length);
      const more = Array.from({ length }, () => this.#newCaller());
      await Promise.all(more.map((caller) => caller.connected()));
      this.#callers.push(...more);
      this.#free.push(...more);
    }
    const cpuBefore = process.cpuUsage();
    this.#startedAtMs = performance.now();
    const endMs = this.#startedAtMs + seconds * 1_000;
    if (this.#closed) for (const caller of this.#free.splice(0)) this.#send(caller, performance.now());
    for (let nowMs = this.#startedAtMs; nowMs < endMs; nowMs = performance.now()) {
      if (!this.#closed) this.#sendDue(((nowMs - this.#startedAtMs) * perSecond) / 1_000, perSecond);
      await sleep(tickMs);
    }
    this.#ending = true;
    const tookSeconds = (performance.now() - this.#startedAtMs) / 1_000;
    const cpu = process.cpuUsage(cpuBefore);
    for (const stopMs = performance.now() + 10_000; performance.now() < stopMs; ) {
      if (!this.#callers.some(({ busy }) => busy)) break;
      await sleep(settleMs);
    }
    for (const caller of this.#callers) caller.end();
    return {
      due: this.#due,
      heldBack: this.#heldBack,
      accepted: this.#accepted,
      refused: this.#refused,
      failed: this.#failed,
      seconds: tookSeconds,
      p50Ms: this.#latency.getValueAtPercentile(50) / 1_000,
      p99Ms: this.#latency.getValueAtPercentile(99) / 1_000,
      troubledSeconds: this.#troubledUntilMs / 1_000,
      cpuShare: (cpu.user + cpu.system) / 1e6 / tookSeconds,
    };
  }

  #sendDue(dueByNow: number, perSecond: number): void {
    for (; this.#due < dueByNow; this.#due += 1) {
      const caller = this.#free.pop();
      if (caller === undefined) this.#heldBack += 1;
      else this.#send(caller, this.#startedAtMs + (this.#due * 1_000) / perSecond);
    }
  }

  #send(caller: Caller, dueMs: number): void {
    const request = this.#requests[this.#sent % this.#requests.length];
    if (request === undefined) throw new Error('there must be a ticket');
    this.#sent += 1;
    if (this.#closed) this.#due += 1;
    caller.send(request, dueMs);
  }

  #newCaller(): Caller {
    return new Caller(this.#plan.port, (caller, status) => this.#answered(caller, status));
  }

  #answered(caller: Caller, status: number): void {
    const nowMs = performance.now();
    const ms = nowMs - caller.dueMs;
    if (status === 200) {
      this.#accepted += 1;
      this.#latency.recordValue(Math.max(1, Math.round(ms * 1_000)));
    } else if (status === 503) this.#refused += 1;
    else this.#failed += 1;
    if (status !== 200 || ms > lateMs) {
      this.#troubledUntilMs = Math.max(this.#troubledUntilMs, caller.dueMs - this.#startedAtMs);
    }
    const next = caller.usable ? caller : this.#replace(caller);
    if (this.#closed && !this.#ending) this.#send(next, nowMs);
    else this.#free.push(next);
  }

  #replace(broken: Caller): Caller {
    const other = this.#newCaller();
    this.#callers[this.#callers.indexOf(broken)] = other;
    return other;
  }
}

function requestFor(ticketId: string): Buffer {
  const body =
    '{"type":"AddComment","data":{"body":"Looked into it, and it still does not print.","public":true}}';
  const head = [
    `POST /v1/tickets/${ticketId}/commands HTTP/1.1`,
    'host: localhost',
    'content-type: application/json',
    `content-length: ${body.length}`,
  ];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`);
}

const plan: CallersPlan = JSON.parse(process.argv[2] ?? '');
const requests = plan.ticketIds.map(requestFor);
for (const phase of plan.phases) await tell(await new Running(plan, requests, phase).run(phase));
process.disconnect();
