/**
 * What a server and its projector tell each other over the channel between parent and child: how far the
 * rows are, at each commit, and the projector's metrics, when the server asks. Neither side may depend on it:
 * a message that is lost or not understood changes no row.
 */
import { z } from 'zod';
import { type MetricsSnapshot, readSnapshot } from '../../adapters/metrics/snapshot.ts';

const askedSchema = z.object({ ask: z.literal('metrics'), question: z.int() });
/** From the server. */
export type Asked = z.infer<typeof askedSchema>;

const toldSchema = z.discriminatedUnion('tell', [
  z.object({ tell: z.literal('committed'), partition: z.int(), position: z.int() }),
  z.object({ tell: z.literal('metrics'), question: z.int(), snapshot: z.unknown() }),
]);
/** From the projector. */
export type Told = z.infer<typeof toldSchema>;

/** Undefined for what is no message of this channel. */
export function readAsked(message: unknown): Asked | undefined {
  return askedSchema.safeParse(message).data;
}

/** Undefined for what is no message of this channel. */
export function readTold(message: unknown): Told | undefined {
  return toldSchema.safeParse(message).data;
}

/** The projector's end. */
export interface ServerChannel {
  /** Every live read model that this process keeps holds the partition's events up to here. */
  committed(partition: number, position: number): void;
}

/** Answers the server's questions from now on. Undefined where no server started this process. */
export function openServerChannel(snapshot: () => Promise<MetricsSnapshot>): ServerChannel | undefined {
  if (process.send === undefined) return undefined;
  process.on('message', (message) => {
    const asked = readAsked(message);
    if (asked === undefined) return;
    const { question } = asked;
    snapshot().then(
      (told) => tell({ tell: 'metrics', question, snapshot: told }),
      // The server notices that no answer comes.
      () => undefined,
    );
  });
  // Listening for questions must not keep a projector alive whose work is done.
  process.channel?.unref();
  return { committed: (partition, position) => tell({ tell: 'committed', partition, position }) };
}

/** A server that has gone away ends this process by other means. */
function tell(message: Told): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
}

/** How long a projector may take to tell its metrics; a scrape waits for it. */
export const metricsWaitMsMax = 800;

/** The server's end: asks, and remembers what it was told last. */
export class ProjectorQuestions {
  readonly #waiting = new Map<number, (snapshot: MetricsSnapshot | undefined) => void>();
  #last: MetricsSnapshot | undefined;
  #asked = 0;

  /** `send` answers whether the question is on its way. One that is answered late counts for the next. */
  async ask(send: (message: Asked) => boolean): Promise<MetricsSnapshot | undefined> {
    this.#asked += 1;
    const question = this.#asked;
    const { promise, resolve } = Promise.withResolvers<MetricsSnapshot | undefined>();
    const timer = setTimeout(() => resolve(this.#last), metricsWaitMsMax);
    this.#waiting.set(question, resolve);
    if (!send({ ask: 'metrics', question })) resolve(undefined);
    const snapshot = await promise;
    clearTimeout(timer);
    this.#waiting.delete(question);
    return snapshot;
  }

  answered(question: number, input: unknown): void {
    const snapshot = readSnapshot(input);
    if (snapshot === undefined) return;
    this.#last = snapshot;
    this.#waiting.get(question)?.(snapshot);
  }

  /** The projector has ended: what it told is of the past. */
  forget(): void {
    this.#last = undefined;
    for (const resolve of this.#waiting.values()) resolve(undefined);
  }
}
