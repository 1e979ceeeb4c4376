/**
 * The projector as a child process. Its rows are its own affair; this only sees to it that it runs: started
 * again after a failure, with growing pauses and a bound, and stopped in order. A child whose parent dies
 * notices, because its channel closes.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { MetricsSnapshot } from '../../adapters/metrics/snapshot.ts';
import type { LogKind } from '../cli/options.ts';
import { ProjectorQuestions, readTold } from './projector-channel.ts';

export const restartsMax = 10;
export const restartDelayMsMin = 500;
export const restartDelayMsMax = 10_000;
/** A child that has run for this long counts as sound, and its restarts start from zero. */
export const soundAfterMs = 60_000;
/** How long a child may take to finish its batch before it is killed; its transaction then rolls back. */
export const stopMsMax = 10_000;

const entry = join(import.meta.dirname, '../docket.ts');

export interface ProjectorProcess {
  /** Why there is no projector any more; `undefined` while there is one or will be. */
  readonly failure: string | undefined;
  /** Whether there is a process at this moment, and how often one was started again. */
  readonly running: boolean;
  readonly restarts: number;
  /**
   * What it measures; after a bounded wait, what it told last. Undefined where it has told nothing yet, or
   * where there is none.
   */
  metrics(): Promise<MetricsSnapshot | undefined>;
  stop(): Promise<void>;
}

export interface ProjectorProcessOptions {
  readonly dataDir: string;
  readonly log: LogKind;
  /** The database, also where it is the embedded one: the child must not start its own. */
  readonly databaseUrl: string;
  readonly onNote: (line: string) => void;
  /** Every live read model that it keeps holds the partition's events up to here. */
  readonly onCommitted?: (partition: number, position: number) => void;
}

export function startProjector(options: ProjectorProcessOptions): ProjectorProcess {
  return new Supervisor(options);
}

class Supervisor implements ProjectorProcess {
  failure: string | undefined;
  running = false;
  restarts = 0;
  readonly #options: ProjectorProcessOptions;
  #child: ChildProcess;
  #ended: Promise<void>;
  readonly #stopping = new AbortController();
  readonly #questions = new ProjectorQuestions();
  /** Since one ran for so long that it counts as sound. */
  #restartsInRow = 0;

  constructor(options: ProjectorProcessOptions) {
    this.#options = options;
    this.#child = this.#start();
    this.#ended = this.#watch();
  }

  metrics(): Promise<MetricsSnapshot | undefined> {
    const child = this.#child;
    return this.#questions.ask((message) => {
      if (!child.connected) return false;
      child.send(message, () => undefined);
      return true;
    });
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => {
      this.#options.onNote(
        `the projector did not end within ${stopMsMax} ms and is killed; its batch rolls back`,
      );
      this.#child.kill('SIGKILL');
    }, stopMsMax);
    await this.#ended;
    clearTimeout(timer);
  }

  #start(): ChildProcess {
    const { dataDir, log, databaseUrl } = this.#options;
    const args = [...process.execArgv, entry, 'projector', '--data-dir', dataDir, '--log', log];
    const child = spawn(process.execPath, args, {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      env: { ...process.env, DATABASE_URL: databaseUrl },
    });
    child.on('message', (message) => this.#hear(message));
    this.running = true;
    return child;
  }

  #hear(message: unknown): void {
    const told = readTold(message);
    if (told?.tell === 'metrics') this.#questions.answered(told.question, told.snapshot);
    else if (told !== undefined) this.#options.onCommitted?.(told.partition, told.position);
  }

  async #watch(): Promise<void> {
    for (;;) {
      const startedAtMs = performance.now();
      const end = await endOf(this.#child);
      this.running = false;
      this.#questions.forget();
      if (this.#stopping.signal.aborted) return;
      if (performance.now() - startedAtMs > soundAfterMs) this.#restartsInRow = 0;
      this.#restartsInRow += 1;
      if (this.#restartsInRow > restartsMax) {
        this.failure = `the projector ended ${this.#restartsInRow} times in a row, last with ${end}`;
        this.#options.onNote(`${this.failure}; read models stand still until the server is started again`);
        return;
      }
      const delayMs = Math.min(restartDelayMsMin * 2 ** (this.#restartsInRow - 1), restartDelayMsMax);
      this.#options.onNote(`the projector ended with ${end}; starting it again in ${delayMs} ms`);
      await sleep(delayMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
      if (this.#stopping.signal.aborted) return;
      this.restarts += 1;
      this.#child = this.#start();
    }
  }
}

function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
}
