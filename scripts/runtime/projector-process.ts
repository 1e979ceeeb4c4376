/**
 * The projector as a child process. Its rows are its own affair; this only sees to it that it runs: started
 * again after a failure, with growing pauses and a bound, and stopped in order. A child whose parent dies
 * notices, because its channel closes.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LogKind } from '../cli/options.ts';

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
  stop(): Promise<void>;
}

export interface ProjectorProcessOptions {
  readonly dataDir: string;
  readonly log: LogKind;
  /** The database, also where it is the embedded one: the child must not start its own. */
  readonly databaseUrl: string;
  readonly onNote: (line: string) => void;
}

export function startProjector(options: ProjectorProcessOptions): ProjectorProcess {
  return new Supervisor(options);
}

class Supervisor implements ProjectorProcess {
  failure: string | undefined;
  readonly #options: ProjectorProcessOptions;
  #child: ChildProcess;
  #ended: Promise<void>;
  readonly #stopping = new AbortController();
  #restarts = 0;

  constructor(options: ProjectorProcessOptions) {
    this.#options = options;
    this.#child = this.#start();
    this.#ended = this.#watch();
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
    return spawn(process.execPath, args, {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      env: { ...process.env, DATABASE_URL: databaseUrl },
    });
  }

  async #watch(): Promise<void> {
    for (;;) {
      const startedAtMs = performance.now();
      const end = await endOf(this.#child);
      if (this.#stopping.signal.aborted) return;
      if (performance.now() - startedAtMs > soundAfterMs) this.#restarts = 0;
      this.#restarts += 1;
      if (this.#restarts > restartsMax) {
        this.failure = `the projector ended ${this.#restarts} times in a row, last with ${end}`;
        this.#options.onNote(`${this.failure}; read models stand still until the server is started again`);
        return;
      }
      const delayMs = Math.min(restartDelayMsMin * 2 ** (this.#restarts - 1), restartDelayMsMax);
      this.#options.onNote(`the projector ended with ${end}; starting it again in ${delayMs} ms`);
      await sleep(delayMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
      if (this.#stopping.signal.aborted) return;
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
