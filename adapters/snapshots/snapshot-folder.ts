/**
 * Snapshots of ticket states as files in a folder, `states-<position>.snap`. A file is written under a draft
 * name, synced, confirmed and only then given its name, so whatever has a name is whole; and what is damaged
 * later is noticed and left alone. It must never hold up the engine for longer than one slice of states takes
 * to be written as text.
 */
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { constants, zstdCompress } from 'node:zlib';
import type { LogMark, SavedSnapshot, StateSnapshots, StoredSnapshot } from '../../domain/ports.ts';
import { type TicketState, ticketStateVersion } from '../../domain/ticket/state.ts';
import { type BlockKind, blockKinds, type End, encodeBlock, type Head, magic } from './format.ts';
import { checkSnapshot, readStates } from './snapshot-reader.ts';
import { encodeState } from './state-codec.ts';

export const sliceLimits = {
  /** States that are written as text before other work gets its turn. */
  statesMax: 512,
  /** Of large tickets fewer: a slice ends with the ticket that reaches this. */
  charactersMax: 512 * 1024,
};
export const snapshotsKeptMax = 2;
const compressionLevel = 1;
const namePattern = /^states-(\d{16})\.snap$/;
const draftSuffix = '.tmp';

const compress = promisify(zstdCompress);

export class SnapshotFolder implements StateSnapshots {
  readonly #folder: string;
  #saving = false;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async save(
    from: LogMark,
    states: Iterable<TicketState>,
    confirm: () => Promise<LogMark>,
  ): Promise<SavedSnapshot> {
    if (this.#saving) throw new Error('bug: two snapshots are saved at once');
    this.#saving = true;
    const path = join(this.#folder, nameOf(from.position));
    const draftPath = `${path}${draftSuffix}`;
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      const { tickets, bytes } = await writeDraft(draftPath, from, states, confirm);
      await rename(draftPath, path);
      await syncFolder(this.#folder);
      await this.#removeAllBut(basename(path));
      return { name: basename(path), tickets, bytes, position: from.position };
    } catch (error) {
      await rm(draftPath, { force: true }).catch(() => undefined);
      throw error;
    } finally {
      this.#saving = false;
    }
  }

  async *load(): AsyncGenerator<StoredSnapshot> {
    const names = (await readdir(this.#folder).catch(() => [])).filter((name) => namePattern.test(name));
    for (const name of names.sort().reverse()) yield await this.#look(name);
  }

  async #look(name: string): Promise<StoredSnapshot> {
    const path = join(this.#folder, name);
    try {
      const { stateVersion, from, upTo, states } = await checkSnapshot(path);
      if (stateVersion === ticketStateVersion) {
        return { status: 'sound', name, from, upTo, tickets: states, states: () => readStates(path) };
      }
      const reason = `it was made by another version of Docket (states ${stateVersion}, not ${ticketStateVersion})`;
      return { status: 'unusable', name, reason };
    } catch (error) {
      return { status: 'unusable', name, reason: error instanceof Error ? error.message : String(error) };
    }
  }

  /**
   * The newest and those before it are kept. One beyond the newest is of another log, or of a future that
   * this log has lost; with it go drafts that were never finished.
   */
  async #removeAllBut(newest: string): Promise<void> {
    const names = await readdir(this.#folder);
    const kept = names
      .filter((name) => namePattern.test(name) && name <= newest)
      .sort()
      .slice(-snapshotsKeptMax);
    for (const name of names) {
      const ours = namePattern.test(name.replace(draftSuffix, ''));
      if (ours && !kept.includes(name)) await rm(join(this.#folder, name), { force: true });
    }
  }
}

async function writeDraft(
  path: string,
  from: LogMark,
  states: Iterable<TicketState>,
  confirm: () => Promise<LogMark>,
): Promise<{ readonly tickets: number; readonly bytes: number }> {
  const file = await open(path, 'w', 0o600);
  let bytes = 0;
  let number = 0;
  const write = async (block: Buffer) => {
    await file.writeFile(block);
    bytes += block.length;
  };
  const writeBlock = async (kind: BlockKind, count: number, payload: Buffer) => {
    await write(encodeBlock(kind, number, count, payload));
    number += 1;
  };
  try {
    await write(magic);
    await writeBlock(blockKinds.head, 0, json({ stateVersion: ticketStateVersion, from } satisfies Head));
    let tickets = 0;
    const source = states[Symbol.iterator]();
    for (let slice = takeSlice(source); slice.length > 0; slice = takeSlice(source)) {
      const text = Buffer.from(`[${slice.join(',')}]`, 'utf8');
      await writeBlock(blockKinds.states, slice.length, await compress(text, compression));
      tickets += slice.length;
    }
    const upTo = await confirm();
    await writeBlock(blockKinds.end, 0, json({ upTo, states: tickets } satisfies End));
    await file.sync();
    return { tickets, bytes };
  } finally {
    await file.close();
  }
}

const compression = { params: { [constants.ZSTD_c_compressionLevel]: compressionLevel } };

/** The next states as text; none at the end. Nothing else runs meanwhile, so each is of one moment. */
function takeSlice(source: Iterator<TicketState>): readonly string[] {
  const texts: string[] = [];
  for (let characters = 0; texts.length < sliceLimits.statesMax && characters < sliceLimits.charactersMax; ) {
    const next = source.next();
    if (next.done === true) return texts;
    const text = encodeState(next.value);
    characters += text.length;
    texts.push(text);
  }
  return texts;
}

function json(value: object): Buffer {
  return Buffer.from(JSON.stringify(value), 'utf8');
}

/** 16 digits hold every position that a number can. */
function nameOf(position: number): string {
  return `states-${String(position).padStart(16, '0')}.snap`;
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
