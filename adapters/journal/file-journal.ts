/**
 * A journal in one file of a folder of its own: NDJSON, one line for each entry, with one writer at a time.
 * An append is one write and one sync for all that wait, and resolves only after the sync.
 *
 * It must never go on after a failed write or sync (what the disk then holds is unknown), and never drop a
 * line that was acknowledged: only what a crash cut short at the very end is set aside, and kept.
 */
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';
import { Fault } from '../../domain/errors.ts';
import type { Clock, Journal, JournalEntry } from '../../domain/ports.ts';
import { type Appended, AppendQueue } from './append-queue.ts';
import {
  keepTorn,
  makeFolder,
  readPrivate,
  type TornJournal,
  writeAnew,
  writeWhole,
} from './journal-disk.ts';
import { writeLine } from './journal-line.ts';
import { type ReadJournal, readJournal } from './journal-text.ts';
import { requirePrivate } from './private-path.ts';

export const journalBounds = {
  entriesMax: 100_000,
  /** Of one entry, with its line end. */
  lineBytesMax: 8 * 1024 * 1024,
  /** Of the whole file, which is read into memory. */
  fileBytesMax: 256 * 1024 * 1024,
  /** Appends that wait for the disk; more are refused with `overloaded`. */
  appendsWaitingMax: 1_000,
} as const;
export type JournalBounds = { readonly [Name in keyof typeof journalBounds]: number };

export interface FileJournalOptions<Event> {
  /** The journal's own; made with mode 0700 where it does not exist. */
  readonly folder: string;
  /** The file is `<name>.ndjson`. */
  readonly name: string;
  readonly schema: z.ZodType<Event>;
  readonly clock: Clock;
  /** Makes this process the folder's one writer, or throws `Fault('log_locked')` with who that is. */
  readonly lock: (folder: string, now: number) => Promise<{ release(): Promise<void> }>;
  readonly onTorn?: (torn: TornJournal) => void;
  readonly bounds?: Partial<JournalBounds>;
}

/**
 * Throws `Fault`: `log_locked`, `file_exposed` (others may reach it), `journal_damaged` with the line,
 * `input_unreadable` (an event of another release), `journal_failed` (the disk).
 */
export async function openFileJournal<Event>(options: FileJournalOptions<Event>): Promise<Journal<Event>> {
  const { folder, name, schema, clock, lock, onTorn } = options;
  const bounds = { ...journalBounds, ...options.bounds };
  const path = join(folder, `${name}.ndjson`);
  await onDisk(folder, () => makeFolder(folder));
  await requirePrivate(folder);
  const held = await lock(folder, clock.now());
  try {
    const bytes = await onDisk(path, () => readPrivate(path));
    const found = readJournal(bytes, { path, schema });
    const [torn, file] = await onDisk(path, async () => {
      const kept = await keepTorn(path, bytes.subarray(found.soundBytes), clock.now());
      return [kept, await writeAnew(path, bytes.subarray(0, found.soundBytes))] as const;
    });
    if (torn !== undefined) onTorn?.(torn);
    return new FileJournal({ path, file, found, schema, clock, bounds, release: () => held.release() });
  } catch (error) {
    await held.release();
    throw error;
  }
}

/** Lines that were made and are not written yet. */
interface Draft<Event> {
  readonly entries: readonly JournalEntry<Event>[];
  readonly text: string;
  readonly bytes: number;
  /** Of the last line before what comes next. */
  readonly hash: string;
}

interface FileJournalParts<Event> {
  readonly path: string;
  readonly file: FileHandle;
  readonly found: ReadJournal<Event>;
  readonly schema: z.ZodType<Event>;
  readonly clock: Clock;
  readonly bounds: JournalBounds;
  readonly release: () => Promise<void>;
}

class FileJournal<Event> implements Journal<Event> {
  readonly #parts: FileJournalParts<Event>;
  readonly #entries: JournalEntry<Event>[];
  readonly #queue: AppendQueue<Event>;
  #hash: string;
  #bytes: number;
  #closing: Promise<void> | undefined;
  #failure: Fault | undefined;

  constructor(parts: FileJournalParts<Event>) {
    const { path, schema, bounds, found } = parts;
    this.#parts = parts;
    this.#entries = [...found.entries];
    this.#hash = found.lastHash;
    this.#bytes = found.soundBytes;
    this.#queue = new AppendQueue({
      title: path,
      schema,
      waitingMax: bounds.appendsWaitingMax,
      write: (appends) => this.#writeGroup(appends),
    });
  }

  append(events: readonly Event[]): Promise<readonly JournalEntry<Event>[]> {
    return this.#queue.append(events);
  }

  async read(after = 0): Promise<readonly JournalEntry<Event>[]> {
    return this.#entries.slice(Math.max(0, after));
  }

  /** Nobody else appends while this is open. */
  watch(): void {}

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#queue.close();
    await this.#parts.file.close();
    await this.#parts.release();
  }

  async #writeGroup(appends: readonly (readonly Event[])[]): Promise<readonly Appended<Event>[]> {
    if (this.#failure !== undefined) throw this.#failure;
    const recordedAt = Math.max(this.#parts.clock.now(), this.#entries.at(-1)?.recordedAt ?? 0);
    const answers: Appended<Event>[] = [];
    let draft: Draft<Event> = { entries: [], text: '', bytes: 0, hash: this.#hash };
    for (const events of appends) {
      const longer = this.#extend(draft, events, recordedAt);
      answers.push(longer instanceof Fault ? longer : longer.entries.slice(draft.entries.length));
      if (!(longer instanceof Fault)) draft = longer;
    }
    if (draft.bytes > 0) await this.#write(draft);
    return answers;
  }

  async #write({ entries, text, bytes, hash }: Draft<Event>): Promise<void> {
    const { file, path } = this.#parts;
    try {
      await writeWhole(file, Buffer.from(text), this.#bytes);
      await file.datasync();
    } catch (cause) {
      // Best effort: what its sender was told has failed should not be found at the next start.
      await file.truncate(this.#bytes).catch(() => undefined);
      this.#failure = new Fault('journal_failed', `${path} could not be written and takes nothing more`, {
        cause,
      });
      throw this.#failure;
    }
    for (const entry of entries) this.#entries.push(entry);
    this.#hash = hash;
    this.#bytes += bytes;
  }

  /** The draft with all of the events, or why it can not have them. */
  #extend(draft: Draft<Event>, events: readonly Event[], recordedAt: number): Draft<Event> | Fault {
    const { bounds, path } = this.#parts;
    const entries = [...draft.entries];
    let { text, bytes, hash } = draft;
    for (const event of events) {
      const entry = { position: this.#entries.length + entries.length + 1, recordedAt, event };
      const line = writeLine(entry, hash);
      const lineBytes = Buffer.byteLength(line.text) + 1;
      if (lineBytes > bounds.lineBytesMax) {
        const message = `an entry of ${lineBytes} bytes is more than the ${bounds.lineBytesMax} that ${path} takes`;
        return new Fault('journal_full', message);
      }
      entries.push(entry);
      text += `${line.text}\n`;
      bytes += lineBytes;
      hash = line.hash;
    }
    const full = this.#entries.length + entries.length > bounds.entriesMax;
    if (full || this.#bytes + bytes > bounds.fileBytesMax) {
      const most = `${bounds.entriesMax} entries or ${bounds.fileBytesMax} bytes`;
      return new Fault('journal_full', `${path} takes at most ${most}`);
    }
    return { entries, text, bytes, hash };
  }
}

async function onDisk<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof Fault) throw cause;
    const reason = cause instanceof Error && 'code' in cause ? ` (${cause.code})` : '';
    throw new Fault('journal_failed', `${path} can not be read and written${reason}`, { cause });
  }
}
