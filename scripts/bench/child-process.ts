/**
 * A part of a benchmark that needs a process of its own: with memory that nothing else was in, or beside the
 * one that is measured. Its messages come in order. It must never outlive the benchmark.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** A measurement that takes longer than this hangs. */
const runMsMax = 300_000;

export class BenchChild {
  readonly #child: ChildProcess;
  readonly #messages: unknown[] = [];
  readonly #ended: Promise<void>;
  #hasEnded = false;
  #complaint = '';
  #onNews = () => {};

  /** `script` lies beside this file; it runs with the flags of this process. */
  constructor(script: string, args: readonly string[], signal: AbortSignal) {
    const child = fork(join(import.meta.dirname, script), args, {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      timeout: runMsMax,
      killSignal: 'SIGKILL',
      signal,
    });
    this.#child = child;
    this.#ended = new Promise((resolve) => {
      const end = () => {
        this.#hasEnded = true;
        resolve();
        this.#onNews();
      };
      child.once('error', (error) => {
        this.#complaint += error.message;
        // It never began, so that nothing will close.
        if (child.pid === undefined) end();
      });
      // Not 'exit', which may come before the last message.
      child.once('close', end);
    });
    child.on('message', (message) => {
      this.#messages.push(message);
      this.#onNews();
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#complaint += text;
    });
  }

  /** The next message. Throws with what the process said on stderr where it ends without one. */
  async message(): Promise<unknown> {
    while (this.#messages.length === 0) {
      if (this.#hasEnded)
        throw new Error(`${this.#child.spawnargs.join(' ')} ended: ${this.#complaint.trim()}`);
      await new Promise<void>((resolve) => {
        this.#onNews = resolve;
      });
    }
    return this.#messages.shift();
  }

  /** Asks it to come to an end, whatever that means to it. */
  stop(): void {
    this.#child.send('stop');
  }

  /** Ends it as a power cut would end a process, and waits until it is gone. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }

  /** Waits until it has ended by itself. */
  async ended(): Promise<void> {
    await this.#ended;
    const { exitCode, signalCode } = this.#child;
    if (exitCode !== 0) throw new Error(`ended with ${exitCode ?? signalCode}: ${this.#complaint.trim()}`);
  }
}

/** For the child: resolves when its parent asks it to stop. The parent's end, before that, is its own. */
export async function askedToStop(): Promise<void> {
  const orphaned = () => process.exit(1);
  process.once('disconnect', orphaned);
  await once(process, 'message');
  process.off('disconnect', orphaned);
}

/** For the child: resolves when the message is on its way. */
export async function tell(message: unknown): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    if (process.send === undefined) throw new Error('this is run by a benchmark, not by hand');
    process.send(message, (error: Error | null) => (error === null ? resolve() : reject(error)));
  });
}
