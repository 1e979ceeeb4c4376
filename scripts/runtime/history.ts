/**
 * What a server notes of itself: one sample of its metrics every ten seconds, a file for each day (UTC), a
 * week of them, so that `docket doctor` can look back at what was. It must never disturb serving: what can
 * not be written is told once and left out.
 */
import { mkdir, open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { privateFileMode, privateFolderMode } from '../../adapters/journal/private-path.ts';
import { readExposition } from '../measuring/exposition.ts';
import { type Sample, sampleOf, sampleSchema } from '../measuring/sample.ts';
import { historyFolder } from './data-folder.ts';

export const historyLimits = {
  everyMs: 10_000,
  daysKept: 7,
  /** Of one day's file, about twice what a day takes; what would not fit is left out. */
  dayBytesMax: 32 * 1024 * 1024,
};
export type HistoryLimits = typeof historyLimits;

const dayMs = 24 * 3_600_000;
const dayFile = /^(\d{4}-\d{2}-\d{2})\.ndjson$/;

export interface HistoryOptions {
  readonly dataDir: string;
  /** What the server's exporter answers now. */
  readonly exposition: () => Promise<string>;
  readonly onNote: (line: string) => void;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly limits?: Partial<HistoryLimits>;
}

export interface HistoryKeeper {
  /** Resolves when nothing is being written any more. */
  stop(): Promise<void>;
}

/** Begins to note samples, the first one now. */
export function keepHistory(options: HistoryOptions): HistoryKeeper {
  return new Keeper(options);
}

class Keeper implements HistoryKeeper {
  readonly #options: HistoryOptions;
  readonly #limits: HistoryLimits;
  readonly #timer: NodeJS.Timeout;
  #writing: Promise<void> | undefined;
  #trouble: string | undefined;
  #day: string | undefined;

  constructor(options: HistoryOptions) {
    this.#options = options;
    this.#limits = { ...historyLimits, ...options.limits };
    this.#timer = setInterval(() => this.#begin(), this.#limits.everyMs);
    this.#timer.unref();
    this.#begin();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#writing;
  }

  /** A sample that is due while the one before it is still being written is left out. */
  #begin(): void {
    this.#writing ??= this.#note()
      .then(
        () => {
          this.#trouble = undefined;
        },
        (error: unknown) => this.#tell(error instanceof Error ? error.message : String(error)),
      )
      .finally(() => {
        this.#writing = undefined;
      });
  }

  /** Once for each trouble, and again after it was over. */
  #tell(trouble: string): void {
    if (trouble === this.#trouble) return;
    this.#trouble = trouble;
    this.#options.onNote(`the history of this server is not written: ${trouble}`);
  }

  async #note(): Promise<void> {
    const { dataDir, exposition, now } = this.#options;
    const atMs = now();
    const sample = sampleOf(readExposition(await exposition()), atMs);
    const folder = historyFolder(dataDir);
    const day = dayOf(atMs);
    if (day !== this.#day) {
      await mkdir(folder, { recursive: true, mode: privateFolderMode });
      await removeOld(folder, atMs - this.#limits.daysKept * dayMs);
      this.#day = day;
    }
    await appendLine(join(folder, `${day}.ndjson`), JSON.stringify(sample), this.#limits.dayBytesMax);
  }
}

export interface History {
  /** Oldest first. */
  readonly samples: readonly Sample[];
  /** Lines that are no samples, such as one that a crash cut short. */
  readonly unreadable: number;
}

/** What was noted since then; nothing where there is no history. */
export async function readHistory(dataDir: string, sinceMs: number): Promise<History> {
  const folder = historyFolder(dataDir);
  const names = (await readdir(folder).catch(() => [])).filter((name) => {
    const [, day] = dayFile.exec(name) ?? [];
    return day !== undefined && day >= dayOf(sinceMs);
  });
  const samples: Sample[] = [];
  let unreadable = 0;
  for (const name of names.sort()) {
    for (const line of (await readFile(join(folder, name), 'utf8')).split('\n')) {
      if (line === '') continue;
      const sample = readSample(line);
      if (sample === undefined) unreadable += 1;
      else if (sample.atMs >= sinceMs) samples.push(sample);
    }
  }
  return { samples, unreadable };
}

function readSample(line: string): Sample | undefined {
  try {
    return sampleSchema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

async function appendLine(file: string, line: string, bytesMax: number): Promise<void> {
  const handle = await open(file, 'a+', privateFileMode);
  try {
    const { size } = await handle.stat();
    const bytes = Buffer.from(`${(await endsTorn(handle, size)) ? '\n' : ''}${line}\n`);
    if (size + bytes.length > bytesMax) throw new Error(`${file} has reached its ${bytesMax} bytes`);
    await handle.appendFile(bytes);
  } finally {
    await handle.close();
  }
}

/** Whether a crash cut the last line short: the next one must not become part of it. */
async function endsTorn(handle: Awaited<ReturnType<typeof open>>, size: number): Promise<boolean> {
  if (size === 0) return false;
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer.toString() !== '\n';
}

async function removeOld(folder: string, beforeMs: number): Promise<void> {
  for (const name of await readdir(folder)) {
    const [, day] = dayFile.exec(name) ?? [];
    if (day !== undefined && day < dayOf(beforeMs)) await rm(join(folder, name), { force: true });
  }
}

function dayOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10);
}
