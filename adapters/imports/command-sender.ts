/**
 * Sends commands to a sink in batches, several at a time, and hands each outcome to whoever sent the command.
 * A sink that is overloaded is asked again, a bounded number of times, after waits that double.
 *
 * It must never send a batch twice unless the sink said that nothing of it was decided.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { Fault } from '../../domain/errors.ts';
import type { CommandSink, Outcome } from '../../domain/ports.ts';
import type { Command } from '../../domain/ticket/commands.ts';

export const senderLimits = {
  commandsPerSubmitMax: 2_048,
  submitsInFlightMax: 4,
  overloadRetriesMax: 12,
  retryDelayMsFirst: 25,
  retryDelayMsMax: 2_000,
};
export type SenderLimits = typeof senderLimits;

interface Waiting {
  readonly command: Command;
  readonly answer: (outcome: Outcome) => void;
}

export class CommandSender {
  readonly #sink: CommandSink;
  readonly #limits: SenderLimits;
  readonly #signal: AbortSignal | undefined;
  readonly #inFlight = new Set<Promise<void>>();
  #ready: Waiting[] = [];
  #failure: { readonly cause: unknown } | undefined;

  constructor(sink: CommandSink, limits: SenderLimits, signal: AbortSignal | undefined) {
    this.#sink = sink;
    this.#limits = limits;
    this.#signal = signal;
  }

  /** Enough commands for a full batch wait: time to call `advance`. */
  get full(): boolean {
    return this.#ready.length >= this.#limits.commandsPerSubmitMax;
  }

  /** The caller bounds how many commands wait here; `answer` may offer the next one. */
  offer(command: Command, answer: (outcome: Outcome) => void): void {
    this.#ready.push({ command, answer });
  }

  /**
   * Sends one batch of what waits, once there is room for it; with nothing to send, waits for an answer.
   * Throws what the sink threw, and the signal's reason.
   */
  async advance(): Promise<void> {
    const { submitsInFlightMax, commandsPerSubmitMax } = this.#limits;
    this.#assertWorking();
    if (this.#inFlight.size === 0 && this.#ready.length === 0) throw new Error('bug: nothing is under way');
    if (this.#inFlight.size >= submitsInFlightMax || this.#ready.length === 0)
      await Promise.race(this.#inFlight);
    this.#assertWorking();
    const batch = this.#ready.slice(0, commandsPerSubmitMax);
    if (batch.length === 0) return;
    this.#ready = this.#ready.slice(batch.length);
    const submit = this.#submit(batch).catch((cause: unknown) => {
      this.#failure ??= { cause };
    });
    this.#inFlight.add(submit);
    void submit.finally(() => this.#inFlight.delete(submit));
  }

  /** Waits until nothing is under way any more, whatever came of it. */
  async settle(): Promise<void> {
    await Promise.all(this.#inFlight);
  }

  #assertWorking(): void {
    if (this.#failure !== undefined) throw this.#failure.cause;
    this.#signal?.throwIfAborted();
  }

  async #submit(batch: readonly Waiting[]): Promise<void> {
    const commands = batch.map((each) => each.command);
    const outcomes = await this.#patiently(commands);
    if (outcomes.length !== batch.length) {
      throw new Error(`bug: ${batch.length} commands were answered with ${outcomes.length} outcomes`);
    }
    for (const [index, { answer }] of batch.entries()) {
      const outcome = outcomes[index];
      if (outcome !== undefined) answer(outcome);
    }
  }

  async #patiently(commands: readonly Command[]): Promise<readonly Outcome[]> {
    const { overloadRetriesMax, retryDelayMsFirst, retryDelayMsMax } = this.#limits;
    for (let retry = 0; ; retry += 1) {
      try {
        return await this.#sink.submit(commands);
      } catch (error) {
        const overloaded = error instanceof Fault && error.code === 'overloaded';
        if (!overloaded || retry >= overloadRetriesMax) throw error;
        const delayMs = Math.min(retryDelayMsMax, retryDelayMsFirst * 2 ** retry);
        await wait(delayMs, undefined, this.#signal === undefined ? {} : { signal: this.#signal });
      }
    }
  }
}
