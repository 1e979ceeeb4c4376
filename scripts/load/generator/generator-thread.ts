/**
 * A worker of the generator as the main thread sees it. Whatever was asked of it is answered, or rejected
 * when the thread ends: nobody waits for a thread that is gone.
 */
import { once } from 'node:events';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { FromWorker, SecondTally, StagePart, ToWorker, WorkerPlan } from './messages.ts';

export class GeneratorThread {
  readonly #worker: Worker;
  readonly #ended: Promise<unknown>;
  #death: Error | undefined;
  #onMessage: (message: FromWorker) => void = () => {};
  #onDeath: (death: Error) => void = () => {};

  constructor(plan: WorkerPlan) {
    const options = { workerData: plan, execArgv: [] };
    this.#worker = new Worker(join(import.meta.dirname, 'worker.ts'), options);
    this.#worker.on('message', (message: FromWorker) => this.#onMessage(message));
    const die = (why: string, cause?: unknown) => {
      this.#death ??= new Error(`worker ${plan.worker} of the generator ended: ${why}`, { cause });
      this.#onDeath(this.#death);
    };
    this.#worker.once('error', (error: Error) => die(error.message, error));
    this.#worker.once('exit', (code: number) => die(`exit code ${code}`));
    this.#ended = once(this.#worker, 'exit').catch(() => undefined);
  }

  /** Resolves when the connections of the stage have been made, as far as they can be. */
  async prepare(order: Extract<ToWorker, { kind: 'prepare' }>): Promise<void> {
    await this.#ask<void>(order, (message, resolve) => {
      if (message.kind === 'ready') resolve();
    });
  }

  /** Sends its share of the stage that was prepared, from this instant of the shared clock on. */
  async send(startAtMs: number, onSecond: (tally: SecondTally) => void): Promise<StagePart> {
    return this.#ask<StagePart>({ kind: 'go', startAtMs }, (message, resolve) => {
      if (message.kind === 'second') onSecond(message.tally);
      if (message.kind === 'done') resolve(message.part);
    });
  }

  /** Asks it to end, and ends it if that takes longer. */
  async stop(withinMs: number): Promise<void> {
    this.#worker.postMessage({ kind: 'stop' } satisfies ToWorker);
    const timer = setTimeout(() => void this.#worker.terminate(), withinMs);
    await this.#ended;
    clearTimeout(timer);
  }

  async #ask<T>(
    order: ToWorker,
    onMessage: (message: FromWorker, resolve: (result: T) => void) => void,
  ): Promise<T> {
    if (this.#death !== undefined) throw this.#death;
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.#onDeath = reject;
    this.#onMessage = (message) => {
      // What a listener throws must reject, not be lost in an event.
      try {
        onMessage(message, resolve);
      } catch (error) {
        reject(error);
      }
    };
    this.#worker.postMessage(order);
    return promise;
  }
}
