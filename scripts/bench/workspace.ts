/**
 * Everything a benchmark leaves on the machine: one temporary folder with logs and an embedded PostgreSQL in
 * it, made when first used and removed at the end, however the run ends. It must never touch a data folder
 * that was there before.
 */
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '../../adapters/postgres/database.ts';
import { type EmbeddedPostgres, openEmbeddedPostgres } from '../../adapters/postgres/embedded.ts';
import { identify, isAlive, type ProcessIdentity } from '../../adapters/postgres/process-identity.ts';
import type { Database } from '../../projections/sql.ts';

export interface BenchDatabase {
  readonly server: EmbeddedPostgres;
  readonly database: Database;
}

/** The user that PostgreSQL runs as where we are root, which it refuses to be. */
const nobody = 65_534;
/** Raw copies of whole tables take longer than statements may in production. */
const statementMsMax = 120_000;
const exitWaitMsMax = 2_000;
const exitPollMs = 5;

export class Workspace {
  readonly folder: string;
  #postgres: Promise<BenchDatabase> | undefined;
  #postmaster: ProcessIdentity | undefined;
  #foldersMade = 0;

  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), 'docket-bench-'));
    // PostgreSQL's user must be able to pass through to its own folder.
    chmodSync(this.folder, 0o711);
    // The last resort, for an end that nobody waits for.
    process.once('exit', () => {
      if (this.#postmaster !== undefined) killNow(this.#postmaster);
      this.#remove();
    });
  }

  /** A folder that is not there yet. */
  newFolder(name: string): string {
    this.#foldersMade += 1;
    const folder = join(this.folder, `${name}-${this.#foldersMade}`);
    mkdirSync(folder, { mode: 0o700 });
    return folder;
  }

  /** One that PostgreSQL's user can enter, so that a cluster for it lies in it and goes with it. */
  newDataFolder(name: string): string {
    const folder = this.newFolder(name);
    if (process.getuid?.() === 0) chownSync(folder, nobody, nobody);
    return folder;
  }

  /** The embedded server with its ordinary settings, as `docket serve` starts it; the same one each time. */
  postgres(): Promise<BenchDatabase> {
    this.#postgres ??= this.#startPostgres();
    return this.#postgres;
  }

  /** Stops the server and removes the folder. */
  async dispose(): Promise<void> {
    const started = await this.#postgres?.catch(() => undefined);
    await started?.database.close();
    await started?.server.stop();
    this.#postmaster = undefined;
    this.#remove();
  }

  async #startPostgres(): Promise<BenchDatabase> {
    const dataFolder = this.newDataFolder('postgres');
    const server = await openEmbeddedPostgres({ dataFolder });
    this.#postmaster = identify(server.serverPid);
    const database = openDatabase(server.url, { applicationName: 'docket bench', statementMsMax });
    return { server, database };
  }

  #remove(): void {
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** While the process exits nothing asynchronous runs any more, so this waits in place. */
function killNow(postmaster: ProcessIdentity): void {
  if (!isAlive(postmaster)) return;
  process.kill(postmaster.pid, 'SIGQUIT');
  const cell = new Int32Array(new SharedArrayBuffer(4));
  for (let waitedMs = 0; waitedMs < exitWaitMsMax && isAlive(postmaster); waitedMs += exitPollMs) {
    Atomics.wait(cell, 0, 0, exitPollMs);
  }
}

/** What every section is given. */
export interface Bench {
  readonly workspace: Workspace;
  /** Whether it is only to be seen that everything works: what takes minutes is left out. */
  readonly quick: boolean;
  /** Size of the run: transitions in one round of the largest measurement. */
  readonly events: number;
  /** How often what takes turns has its turn. */
  readonly rounds: number;
  /** How long one turn of what is measured by time takes, in milliseconds. */
  readonly turnMs: number;
  /** Transitions of one run without a pause, in place of the rounds of the engine. */
  readonly sustained: number | undefined;
  /** Events in the log that is opened. */
  readonly openEvents: number;
  /** Events in the log that a server is started on. */
  readonly coldEvents: number;
  /** Events whose read models are queried. */
  readonly queryEvents: number;
  /** Given on Ctrl-C: sections end at the next occasion. */
  readonly signal: AbortSignal;
  /** What earlier sections of this run leave for later ones. */
  readonly reached: {
    /** The data folder that the real log was imported into. */
    realLog?: string;
  };
}
