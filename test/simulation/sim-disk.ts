/**
 * A simulated disk with a volatile cache, behind the log's storage seam. Writes, sizes and names are first
 * only in the cache; `sync` makes a file's bytes and size durable, `syncDirectory` a folder's names, and
 * nothing else does. What a power cut may leave of the rest is worked out in crash-states.ts.
 *
 * It has no clock, no chance and no thread of its own: the same calls give the same disk. It must never be
 * kinder than POSIX: syncing a file does not make its name durable, and a failed sync drops the dirty pages
 * (reads still see them, no later sync writes them) as Linux does. The writer's lock is not simulated.
 */
import { dirname } from 'node:path';
import type { FolderLock, OpenMode, SegmentFile, SegmentFiles } from '../../adapters/log/segment/storage.ts';
import { Fault } from '../../domain/errors.ts';
import { type FrozenFile, SimInode } from './sim-inode.ts';

/** The files of a disk at rest, by path. */
export type DiskImage = ReadonlyMap<string, Buffer>;

export const operationKinds = [
  'create',
  'write',
  'truncate',
  'sync',
  'rename',
  'remove',
  'syncDirectory',
] as const;
export type OperationKind = (typeof operationKinds)[number];

/** Something the log asks of the disk that changes it or makes it durable. */
export interface Operation {
  readonly kind: OperationKind;
  readonly path: string;
  /** Counts from 1 over all operations, and over those of this kind. */
  readonly number: number;
  readonly numberOfKind: number;
}

/**
 * What goes wrong with an operation. `bytesDone` is how much of a write got through before the error. A lie
 * is a sync that answers well and does nothing. A halt is the death of whoever asked: this operation and all
 * later ones neither happen nor return.
 */
export type Misfortune =
  | { readonly kind: 'error'; readonly code: 'EIO' | 'ENOSPC'; readonly bytesDone?: number }
  | { readonly kind: 'lie' }
  | { readonly kind: 'halt' };

export interface SimDiskOptions {
  /** What the disk writes as a whole; smaller for a disk that tears its sectors. */
  readonly sectorBytes?: number;
  /** Into how many bytes the next piece of a write is cut; a write is one piece where this is absent. */
  readonly pieceBytes?: (bytes: number) => number;
  /** How many turns of the microtask queue an operation takes. */
  readonly latency?: () => number;
}

/** A change of names that no `syncDirectory` has covered yet. */
export interface NameChange {
  readonly folder: string;
  readonly inode: SimInode;
  /** The name that goes away, and the name that comes. */
  readonly from: string | undefined;
  readonly to: string | undefined;
}

/** Everything a power cut at one moment has to choose from. */
export interface CrashPoint {
  readonly names: ReadonlyMap<string, FrozenFile>;
  readonly changes: readonly { from: string | undefined; to: string | undefined; file: FrozenFile }[];
}

const sectorBytesDefault = 512;

export class SimDisk implements SegmentFiles {
  /** Called before each operation takes effect: the moment to take a crash point, or to make it fail. */
  onOperation: ((operation: Operation) => Misfortune | undefined) | undefined;
  /** Whether any sync has lied. */
  lied = false;
  operations = 0;
  /** Every path that was opened for reading. */
  readonly opened = new Set<string>();
  readonly #options: SimDiskOptions;
  readonly #sectorBytes: number;
  readonly #kinds = new Map<OperationKind, number>();
  readonly #names = new Map<string, SimInode>();
  readonly #durableNames = new Map<string, SimInode>();
  #changes: NameChange[] = [];
  readonly #locked = new Set<string>();
  #halted = false;

  constructor(image: DiskImage = new Map(), options: SimDiskOptions = {}) {
    this.#options = options;
    this.#sectorBytes = options.sectorBytes ?? sectorBytesDefault;
    for (const [path, bytes] of image) {
      const inode = new SimInode(bytes, this.#sectorBytes);
      this.#names.set(path, inode);
      this.#durableNames.set(path, inode);
    }
  }

  async makeFolder(): Promise<void> {}

  async open(path: string, mode: OpenMode): Promise<SegmentFile> {
    const known = this.#names.get(path);
    if (mode === 'create') return this.#create(path, known);
    if (known === undefined) throw Object.assign(new Error(`no file ${path}`), { code: 'ENOENT' });
    if (mode === 'read') this.opened.add(path);
    return new SimFile(this, path, known);
  }

  async list(folder: string): Promise<readonly string[]> {
    const start = `${folder}/`;
    return [...this.#names.keys()]
      .filter((path) => path.startsWith(start))
      .map((path) => path.slice(start.length));
  }

  async rename(from: string, to: string): Promise<void> {
    await this.begin('rename', from);
    const inode = this.#names.get(from);
    if (inode === undefined) throw Object.assign(new Error(`no file ${from}`), { code: 'ENOENT' });
    this.#names.delete(from);
    this.#names.set(to, inode);
    this.#changes.push({ folder: dirname(to), inode, from, to });
  }

  async remove(path: string): Promise<void> {
    const inode = this.#names.get(path);
    if (inode === undefined) return;
    await this.begin('remove', path);
    this.#names.delete(path);
    this.#changes.push({ folder: dirname(path), inode, from: path, to: undefined });
  }

  async syncDirectory(folder: string): Promise<void> {
    const upTo = this.#changes.length;
    const covered = new Set(this.#changes.slice(0, upTo).filter((change) => change.folder === folder));
    if (await this.begin('syncDirectory', folder)) return;
    for (const change of covered) applyNames(this.#durableNames, change, change.inode);
    this.#changes = this.#changes.filter((change) => !covered.has(change));
  }

  async lock(folder: string): Promise<FolderLock> {
    if (this.#locked.has(folder)) throw new Fault('log_locked', `${folder} has a writer on this SimDisk`);
    this.#locked.add(folder);
    return { release: async () => void this.#locked.delete(folder) };
  }

  /** Everything a power cut now has to choose from. */
  crashPoint(): CrashPoint {
    const names = new Map([...this.#durableNames].map(([path, inode]) => [path, inode.freeze()]));
    const changes = this.#changes.map(({ from, to, inode }) => ({ from, to, file: inode.freeze() }));
    return { names, changes };
  }

  /** The process that wrote has died, the machine has not: the same disk and cache, for another process. */
  afterKill(): SimDisk {
    this.#halted = true;
    const disk = SimDisk.thaw(this.crashPoint(), this.#options);
    disk.lied = this.lied;
    return disk;
  }

  /** The disk as it was at that moment, its cache included. */
  static thaw({ names, changes }: CrashPoint, options: SimDiskOptions = {}): SimDisk {
    const disk = new SimDisk(new Map(), options);
    const thawed = new Map<FrozenFile, SimInode>();
    const inodeOf = (file: FrozenFile) => {
      const inode = thawed.get(file) ?? SimInode.thaw(file);
      thawed.set(file, inode);
      return inode;
    };
    for (const [path, file] of names) {
      disk.#names.set(path, inodeOf(file));
      disk.#durableNames.set(path, inodeOf(file));
    }
    for (const { from, to, file } of changes) {
      const change = { folder: dirname(to ?? from ?? ''), from, to, inode: inodeOf(file) };
      applyNames(disk.#names, change, change.inode);
      disk.#changes.push(change);
    }
    return disk;
  }

  /** Waits as long as the operation takes, then reports it. True where the disk lies about it. */
  async begin(kind: OperationKind, path: string): Promise<boolean> {
    const misfortune = await this.announce(kind, path);
    if (misfortune?.kind === 'error') throw diskError(misfortune.code, path);
    if (misfortune === undefined) return false;
    this.lied = true;
    return true;
  }

  /** As `begin`, but leaves an error to the caller, who may do a part of the operation before it. */
  async announce(
    kind: OperationKind,
    path: string,
  ): Promise<Exclude<Misfortune, { kind: 'halt' }> | undefined> {
    const turns = this.#options.latency?.() ?? 0;
    for (let turn = 0; turn < turns; turn += 1) await undefined;
    if (this.#halted) return new Promise(() => {});
    this.operations += 1;
    const numberOfKind = (this.#kinds.get(kind) ?? 0) + 1;
    this.#kinds.set(kind, numberOfKind);
    const misfortune = this.onOperation?.({ kind, path, number: this.operations, numberOfKind });
    if (misfortune?.kind !== 'halt') return misfortune;
    this.#halted = true;
    return new Promise(() => {});
  }

  pieceBytes(bytes: number): number {
    const wanted = this.#options.pieceBytes?.(bytes) ?? bytes;
    return Math.max(1, Math.min(bytes, wanted));
  }

  async #create(path: string, known: SimInode | undefined): Promise<SegmentFile> {
    await this.begin('create', path);
    if (known !== undefined) {
      known.truncate(0);
      return new SimFile(this, path, known);
    }
    const inode = new SimInode(Buffer.alloc(0), this.#sectorBytes);
    this.#names.set(path, inode);
    this.#changes.push({ folder: dirname(path), inode, from: undefined, to: path });
    return new SimFile(this, path, inode);
  }
}

class SimFile implements SegmentFile {
  readonly #disk: SimDisk;
  readonly #path: string;
  readonly #inode: SimInode;

  constructor(disk: SimDisk, path: string, inode: SimInode) {
    this.#disk = disk;
    this.#path = path;
    this.#inode = inode;
  }

  async read(target: Uint8Array, position: number): Promise<number> {
    return this.#inode.read(target, position);
  }

  /** In pieces where the disk writes short, as the real file's loop would send them. */
  async write(bytes: Uint8Array, position: number): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      const misfortune = await this.#disk.announce('write', this.#path);
      const piece = this.#disk.pieceBytes(bytes.length - done);
      const failing = misfortune?.kind === 'error';
      const length = failing ? Math.min(misfortune.bytesDone ?? 0, bytes.length - done) : piece;
      if (length > 0) this.#inode.write(bytes.subarray(done, done + length), position + done);
      if (failing) throw diskError(misfortune.code, this.#path);
      done += length;
    }
  }

  async truncate(bytes: number): Promise<void> {
    await this.#disk.begin('truncate', this.#path);
    this.#inode.truncate(bytes);
  }

  async sync(): Promise<void> {
    const settle = this.#inode.beginSync();
    try {
      if (await this.#disk.begin('sync', this.#path)) return;
    } catch (error) {
      this.#inode.dropDirty();
      throw error;
    }
    settle();
  }

  async size(): Promise<number> {
    return this.#inode.size;
  }

  async close(): Promise<void> {}
}

/** A file that was renamed is found under its new name whether or not its making was durable. */
export function applyNames<T>(
  names: Map<string, T>,
  change: { readonly from: string | undefined; readonly to: string | undefined },
  file: T,
): void {
  if (change.from !== undefined) names.delete(change.from);
  if (change.to !== undefined) names.set(change.to, file);
}

function diskError(code: 'EIO' | 'ENOSPC', path: string): Error {
  return Object.assign(new Error(`${code} on ${path}, by the simulated disk`), { code });
}
