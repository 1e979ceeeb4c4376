/**
 * All streams that are open: how many there may be, in all and for one principal, and the hub that each of
 * them listens to. They are not requests in flight: a stream costs nothing while nothing happens, and lasts.
 */
import type { ServerResponse } from 'node:http';
import type { Principal } from '../../../domain/access/principal.ts';
import { Fault } from '../../../domain/errors.ts';
import type { Load } from '../load.ts';
import { problem, RequestRefused } from '../problem.ts';
import type { ByeReason } from './event-frames.ts';
import { EventHub, type HubContext } from './event-hub.ts';
import type { ListenerOptions } from './listener.ts';
import { Turns } from './turns.ts';

export class EventStreams {
  readonly #context: HubContext & { readonly load: Load };
  readonly #catchUps: Turns;
  readonly #hubs = new Map<number, EventHub>();
  readonly #openOf = new Map<string, number>();

  constructor(context: HubContext & { readonly load: Load }) {
    this.#context = context;
    this.#catchUps = new Turns(context.limits.streamCatchUpsMax);
  }

  /**
   * Counts a stream until its response is closed, or what is returned is called. Throws `RequestRefused`
   * with `rate_limited` where the principal has too many, `Fault` (`overloaded`) where all have.
   */
  count({ id }: Principal, response: ServerResponse): () => void {
    const { load } = this.#context;
    const { streamsMax, streamsOfPrincipalMax } = this.#context.limits;
    const own = this.#openOf.get(id) ?? 0;
    if (own >= streamsOfPrincipalMax) {
      const detail = `${streamsOfPrincipalMax} streams are open for this principal; end one of them first`;
      throw new RequestRefused(problem('rate_limited', detail));
    }
    if (load.streams >= streamsMax) {
      throw new Fault('overloaded', `${streamsMax} streams are open; try again later`);
    }
    load.streams += 1;
    this.#openOf.set(id, own + 1);
    let counted = true;
    const release = () => {
      if (!counted) return;
      counted = false;
      load.streams -= 1;
      const left = (this.#openOf.get(id) ?? 1) - 1;
      if (left === 0) this.#openOf.delete(id);
      else this.#openOf.set(id, left);
    };
    response.once('close', release);
    return release;
  }

  /**
   * Begins a response and tells it the partition's events. Throws `Fault` before it is begun where the log
   * can not be read.
   */
  async join(partition: number, options: ListenerOptions): Promise<void> {
    const hub = this.#hubs.get(partition) ?? new EventHub(this.#context, partition, this.#catchUps);
    this.#hubs.set(partition, hub);
    await hub.join(options);
  }

  end(reason: ByeReason): void {
    for (const hub of this.#hubs.values()) hub.end(reason);
  }
}
