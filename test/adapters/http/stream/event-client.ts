/** A reader of server-sent events over node:http, which tells what came and can stop reading for a while. */
import { get, type IncomingMessage } from 'node:http';
import { expect } from 'vitest';

export interface Received {
  readonly id: number;
  readonly type: string;
  readonly data: Record<string, unknown>;
}

/** Looks again until it is as expected: on a busy machine, too. */
export function eventually<Value>(look: () => Value) {
  return expect.poll(look, { interval: 5, timeout: 20_000 });
}

export class EventClient {
  readonly response: IncomingMessage;
  readonly events: Received[] = [];
  /** The id that a browser would come back with. */
  lastId: number | undefined;
  retryMs: number | undefined;
  heartbeats = 0;
  /** The reason of the server's last event. */
  bye: unknown;
  ended = false;
  bytes = 0;
  #text = '';
  readonly #onEvent: (event: Received) => void;

  constructor(response: IncomingMessage, onEvent: (event: Received) => void) {
    this.response = response;
    this.#onEvent = onEvent;
    response.setEncoding('utf8');
    response.on('data', (text: string) => this.#take(text));
    response.on('error', () => undefined);
    response.on('close', () => {
      this.ended = true;
    });
  }

  static open(
    url: string,
    headers: Record<string, string> = {},
    onEvent: (event: Received) => void = () => undefined,
  ): Promise<EventClient> {
    return new Promise((resolve, reject) => {
      const request = get(url, { headers, agent: false }, (response) =>
        resolve(new EventClient(response, onEvent)),
      );
      request.on('error', reject);
    });
  }

  get positions(): number[] {
    return this.events.map(({ id }) => id);
  }

  close(): void {
    this.response.destroy();
  }

  #take(text: string): void {
    this.bytes += text.length;
    this.#text += text;
    for (let end = this.#text.indexOf('\n\n'); end >= 0; end = this.#text.indexOf('\n\n')) {
      this.#takeBlock(this.#text.slice(0, end));
      this.#text = this.#text.slice(end + 2);
    }
  }

  #takeBlock(block: string): void {
    const fields = new Map<string, string>();
    for (const line of block.split('\n')) {
      if (line === ': heartbeat') this.heartbeats += 1;
      else fields.set(line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2));
    }
    const [id, retry, data] = [fields.get('id'), fields.get('retry'), fields.get('data')];
    if (id !== undefined) this.lastId = Number(id);
    if (retry !== undefined) this.retryMs = Number(retry);
    if (data === undefined) return;
    const parsed: Record<string, unknown> = JSON.parse(data);
    const type = fields.get('event') ?? 'message';
    if (type === 'bye') {
      this.bye = parsed.reason;
      return;
    }
    const event = { id: Number(id), type, data: parsed };
    this.events.push(event);
    this.#onEvent(event);
  }
}
