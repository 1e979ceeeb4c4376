/**
 * Commands to a running server, as if its engine were here: the other end of the bulk route.
 *
 * Commands of one ticket arrive in the order in which they were submitted, over all calls: a call waits for
 * those before it that touch one of its tickets, and only for those. It must never send a command twice
 * unless the server said that nothing of the request was decided.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { type ErrorCode, errorTable, Fault, type FaultCode } from '../../domain/errors.ts';
import type { CommandSink, Outcome } from '../../domain/ports.ts';
import type { Command } from '../../domain/ticket/commands.ts';
import type { TicketId } from '../../domain/ticket/values.ts';
import { type Batch, batches, ticketsOf } from './client-batches.ts';
import { outcomeOfJson, outcomesSchema } from './outcome-json.ts';
import { type TicketJson, ticketJsonSchema } from './ticket-json.ts';

export const httpClientLimits = {
  /** Commands in one request; servers take at most `bulkCommandsMax`. */
  batchCommandsMax: 5_000,
  /** Of one request; a single larger command still goes, alone. */
  batchBytesMax: 8 * 1024 * 1024,
  requestsInFlightMax: 4,
  /** Commands that were submitted and are not answered; more are refused with `overloaded`. */
  commandsWaitingMax: 100_000,
  /** How often a request that an overloaded server refused is sent again. */
  retriesMax: 8,
  retryDelayMsFirst: 50,
  /** Whatever Retry-After asks for. */
  retryDelayMsMax: 5_000,
  /** For one request, from its beginning to the end of its answer. */
  requestMsMax: 90_000,
};
export type HttpClientLimits = typeof httpClientLimits;

export interface HttpClientOptions {
  readonly limits?: Partial<HttpClientLimits>;
  /** Gives up whatever is under way. */
  readonly signal?: AbortSignal;
}

export interface HttpSink extends CommandSink {
  /** Takes nothing more, and resolves when everything that was submitted is answered or has failed. */
  close(): Promise<void>;
}

/**
 * A sink that sends commands to the server at `baseUrl`. Throws `Fault`: what the server answered, or
 * `server_unreachable` where there was no answer. After the latter it is not known whether commands were
 * decided: only those with a `commandId` can be submitted again without harm.
 */
export function httpCommandSink(baseUrl: string, options: HttpClientOptions = {}): HttpSink {
  return new HttpCommandSink(new URL('/v1/commands', baseUrl), options);
}

/** A ticket as the server tells it; `undefined` where there is none. Throws `Fault`. */
export async function getTicket(
  baseUrl: string,
  ticketId: TicketId,
  options: HttpClientOptions = {},
): Promise<TicketJson | undefined> {
  const limits = { ...httpClientLimits, ...options.limits };
  const url = new URL(`/v1/tickets/${encodeURIComponent(ticketId)}`, baseUrl);
  const answer = await ask(url, {}, limits, options.signal);
  if (answer.status === 200) return ticketJsonSchema.parse(answer.body);
  if (codeOf(answer) === 'ticket_not_found') return undefined;
  throw faultOf(answer, url);
}

class HttpCommandSink implements HttpSink {
  readonly #url: URL;
  readonly #limits: HttpClientLimits;
  readonly #signal: AbortSignal | undefined;
  /** The last submitted call that touches each ticket. */
  readonly #lastOf = new Map<TicketId, Promise<void>>();
  readonly #waitingForSlot: (() => void)[] = [];
  readonly #unanswered = new Set<Promise<void>>();
  #slots: number;
  #commandsWaiting = 0;
  #closed = false;

  constructor(url: URL, { limits, signal }: HttpClientOptions) {
    this.#url = url;
    this.#limits = { ...httpClientLimits, ...limits };
    this.#signal = signal;
    this.#slots = this.#limits.requestsInFlightMax;
  }

  async submit(commands: readonly Command[]): Promise<readonly Outcome[]> {
    const { commandsWaitingMax } = this.#limits;
    if (this.#closed)
      throw new Fault('server_unreachable', `the connection to ${this.#url.origin} was closed`);
    if (this.#commandsWaiting + commands.length > commandsWaitingMax) {
      throw new Fault('overloaded', `${this.#commandsWaiting} commands wait for the server already`);
    }
    if (commands.length === 0) return [];
    this.#commandsWaiting += commands.length;
    const tickets = ticketsOf(commands);
    const before = this.#callsBefore(tickets);
    const answered = this.#inTurn(commands, before);
    const settled = answered.then(
      () => undefined,
      () => undefined,
    );
    this.#unanswered.add(settled);
    for (const ticket of tickets) this.#lastOf.set(ticket, settled);
    try {
      return await answered;
    } finally {
      this.#unanswered.delete(settled);
      this.#commandsWaiting -= commands.length;
      for (const ticket of tickets) if (this.#lastOf.get(ticket) === settled) this.#lastOf.delete(ticket);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#unanswered);
  }

  #callsBefore(tickets: ReadonlySet<TicketId>): ReadonlySet<Promise<void>> {
    const before = new Set<Promise<void>>();
    for (const ticket of tickets) {
      const last = this.#lastOf.get(ticket);
      if (last !== undefined) before.add(last);
    }
    return before;
  }

  async #inTurn(
    commands: readonly Command[],
    before: ReadonlySet<Promise<void>>,
  ): Promise<readonly Outcome[]> {
    if (before.size > 0) await Promise.all(before);
    await this.#takeSlot();
    try {
      return await this.#sendAll(commands);
    } finally {
      this.#giveSlot();
    }
  }

  async #takeSlot(): Promise<void> {
    if (this.#slots > 0) this.#slots -= 1;
    else await new Promise<void>((resolve) => this.#waitingForSlot.push(resolve));
  }

  #giveSlot(): void {
    const next = this.#waitingForSlot.shift();
    if (next === undefined) this.#slots += 1;
    else next();
  }

  async #sendAll(commands: readonly Command[]): Promise<readonly Outcome[]> {
    const outcomes: Outcome[] = [];
    for (const batch of batches(commands, this.#limits)) {
      try {
        for (const outcome of await this.#send(batch)) outcomes.push(outcome);
      } catch (error) {
        if (outcomes.length === 0 || !isOverload(error)) throw error;
        // `overloaded` would promise that nothing of this call was decided.
        const message = `the server took ${outcomes.length} of ${commands.length} commands, then no more`;
        throw new Fault('server_unreachable', message, { cause: error });
      }
    }
    return outcomes;
  }

  async #send(batch: Batch): Promise<readonly Outcome[]> {
    const { retriesMax, retryDelayMsFirst, retryDelayMsMax } = this.#limits;
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: batch.body };
    for (let retry = 0; ; retry += 1) {
      const answer = await ask(this.#url, init, this.#limits, this.#signal);
      if (answer.status === 200) return readOutcomes(answer, batch, this.#url);
      const fault = faultOf(answer, this.#url);
      if (!isOverload(fault) || retry >= retriesMax) throw fault;
      const delayMs = Math.max(answer.retryAfterMs, retryDelayMsFirst * 2 ** retry);
      await wait(Math.min(delayMs, retryDelayMsMax), undefined, { signal: this.#signal });
    }
  }
}

interface Answer {
  readonly status: number;
  /** Parsed JSON; `undefined` where it is none. */
  readonly body: unknown;
  readonly retryAfterMs: number;
}

async function ask(
  url: URL,
  init: RequestInit,
  limits: HttpClientLimits,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  const late = AbortSignal.timeout(limits.requestMsMax);
  try {
    const response = await fetch(url, {
      ...init,
      redirect: 'error',
      signal: signal === undefined ? late : AbortSignal.any([late, signal]),
    });
    const text = await response.text();
    const retryAfterMs = Number(response.headers.get('retry-after') ?? 0) * 1_000;
    return {
      status: response.status,
      body: parsed(text),
      retryAfterMs: Number.isFinite(retryAfterMs) ? retryAfterMs : 0,
    };
  } catch (cause) {
    signal?.throwIfAborted();
    throw new Fault('server_unreachable', `no answer from ${url.origin}; is the server running?`, { cause });
  }
}

function readOutcomes(answer: Answer, batch: Batch, url: URL): readonly Outcome[] {
  const result = outcomesSchema.safeParse(answer.body);
  if (!result.success || result.data.outcomes.length !== batch.commands.length) {
    throw new Fault('server_unreachable', `what answers at ${url.href} is no Docket server of this version`);
  }
  const { outcomes } = result.data;
  return batch.commands.flatMap((command, index) => {
    const json = outcomes[index];
    return json === undefined ? [] : [outcomeOfJson(json, command)];
  });
}

/** What the server said went wrong, as the fault that it is there. */
function faultOf(answer: Answer, url: URL): Fault {
  const code = codeOf(answer);
  const detail = memberOf(answer, 'detail') ?? `status ${answer.status}`;
  if (isFaultCode(code)) return new Fault(code, detail);
  // Nothing of it was decided, as with a full queue.
  if (code === 'rate_limited') return new Fault('overloaded', detail);
  return new Fault('server_unreachable', `${url.href} answered ${answer.status}: ${detail}`);
}

function isOverload(error: unknown): boolean {
  return error instanceof Fault && error.code === 'overloaded';
}

function isFaultCode(code: string | undefined): code is FaultCode {
  if (code === undefined || !Object.hasOwn(errorTable, code)) return false;
  return errorTable[code as ErrorCode].kind === 'fault';
}

function codeOf(answer: Answer): string | undefined {
  return memberOf(answer, 'code');
}

function memberOf({ body }: Answer, name: string): string | undefined {
  if (typeof body !== 'object' || body === null || !Object.hasOwn(body, name)) return undefined;
  const value: unknown = Reflect.get(body, name);
  return typeof value === 'string' ? value : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
