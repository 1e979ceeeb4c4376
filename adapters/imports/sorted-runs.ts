/**
 * Puts any number of JSON objects, one a line, in order with bounded memory: runs that fit into memory are
 * sorted and, where there is more than one, written to a folder and merged. What the order is, a key of
 * numbers says.
 *
 * It must never hold more than one run, or one buffer of each run while they are merged.
 */
import { createReadStream, createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Fault } from '../../domain/errors.ts';

export const sortLimits = {
  runCharactersMax: 32 * 1_048_576,
  /** All are open at once while they are merged. */
  runsMax: 500,
  readBytes: 65_536,
};
export type SortLimits = typeof sortLimits;

/** Compared number by number. */
export type SortKey = readonly number[];

interface Keyed {
  readonly key: SortKey;
  /** A JSON object, without a line feed. */
  readonly line: string;
}

/** A run while it is merged: the lines that were read of it, and which of them is next. */
interface Run {
  head: Keyed;
  lines: readonly Keyed[];
  next: number;
  readonly rest: AsyncIterator<readonly Keyed[]>;
}

export class SortedRuns {
  readonly #folder: string;
  readonly #limits: SortLimits;
  #run: Keyed[] = [];
  #characters = 0;
  readonly #files: string[] = [];

  /** `folder` must be there, and be removed by who made it. */
  constructor(folder: string, limits: Partial<SortLimits> = {}) {
    this.#folder = folder;
    this.#limits = { ...sortLimits, ...limits };
  }

  /** Throws `Fault('input_unreadable')` where there is more than can be sorted. */
  async add(key: SortKey, line: string): Promise<void> {
    this.#run.push({ key, line });
    this.#characters += line.length;
    if (this.#characters >= this.#limits.runCharactersMax) await this.#spill();
  }

  /** All lines in order. To be called once. */
  async *sorted(): AsyncGenerator<string> {
    this.#run.sort(byKey);
    if (this.#files.length === 0) {
      for (const { line } of this.#run) yield line;
      return;
    }
    await this.#spill();
    yield* merge(this.#files.map((file) => linesOf(file, this.#limits.readBytes)));
  }

  async #spill(): Promise<void> {
    if (this.#files.length >= this.#limits.runsMax) {
      const most = this.#limits.runsMax * this.#limits.runCharactersMax;
      throw new Fault('input_unreadable', `there is more to sort than ${most} characters`);
    }
    const run = this.#run.sort(byKey);
    this.#run = [];
    this.#characters = 0;
    const file = join(this.#folder, `run-${this.#files.length}`);
    this.#files.push(file);
    await pipeline(textsOf(run), createWriteStream(file, { mode: 0o600 }));
  }
}

function* textsOf(run: readonly Keyed[]): Generator<string> {
  for (const { key, line } of run) yield `${key.join(' ')} ${line}\n`;
}

async function* linesOf(file: string, readBytes: number): AsyncGenerator<readonly Keyed[]> {
  let rest = '';
  // Cut at line feeds only: JSON may hold what others take for the end of a line.
  for await (const text of createReadStream(file, { highWaterMark: readBytes, encoding: 'utf8' })) {
    const lines = `${rest}${text}`.split('\n');
    rest = lines.pop() ?? '';
    if (lines.length > 0) yield lines.map(keyedOf);
  }
}

function keyedOf(text: string): Keyed {
  const end = text.indexOf('{');
  return {
    key: text
      .slice(0, end - 1)
      .split(' ')
      .map(Number),
    line: text.slice(end),
  };
}

async function* merge(sources: readonly AsyncGenerator<readonly Keyed[]>[]): AsyncGenerator<string> {
  const runs: Run[] = [];
  try {
    for (const rest of sources) {
      const first = await rest.next();
      const head = first.done === true ? undefined : first.value[0];
      if (head !== undefined) runs.push({ head, lines: first.value ?? [], next: 1, rest });
    }
    // Runs stay in the order of their heads.
    runs.sort((left, right) => byKey(left.head, right.head));
    for (let run = runs[0]; run !== undefined; run = runs[0]) {
      yield run.head.line;
      if (run.next >= run.lines.length) {
        const more = await run.rest.next();
        run.lines = more.done === true ? [] : more.value;
        run.next = 0;
      }
      const head = run.lines[run.next];
      runs.shift();
      if (head === undefined) continue;
      run.head = head;
      run.next += 1;
      runs.splice(placeOf(run, runs), 0, run);
    }
  } finally {
    await Promise.all(sources.map((source) => source.return(undefined)));
  }
}

/** Where a run belongs among the others, by halving. */
function placeOf({ head }: Run, runs: readonly Run[]): number {
  let from = 0;
  let to = runs.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    const other = runs[middle];
    if (other !== undefined && byKey(other.head, head) < 0) from = middle + 1;
    else to = middle;
  }
  return from;
}

function byKey({ key: left }: Keyed, { key: right }: Keyed): number {
  for (let at = 0; at < left.length; at += 1) {
    const difference = (left[at] ?? 0) - (right[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
