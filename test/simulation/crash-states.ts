/**
 * What a power cut may leave of a simulated disk: all of it where that is not too much, otherwise the
 * telling part of it and a seeded sample.
 *
 * Bytes: each sector of each write since the last sync is there or not, independently of all others; a
 * file's size is any that it had since then; what was never written reads as zeros, or as old bytes of other
 * files where `stale` says so (ext4's data=writeback).
 * Names: `ordered` keeps any number of the first changes since the folder was synced, as the journals of
 * ext4 and XFS do; `any` keeps any subset, as was seen on btrfs and as POSIX allows (Pillai et al., "All File
 * Systems Are Not Created Equal", OSDI 2014, table 1: directory operations are reordered on btrfs only).
 * A name may be durable before the bytes of its file, and the other way round.
 *
 * It must never leave out a state for being unlikely as long as it counts the states as "all".
 */
import { hash } from 'node:crypto';
import type { Random } from '../../adapters/simulation/random.ts';
import { applyNames, type CrashPoint, type DiskImage } from './sim-disk.ts';
import type { FrozenFile, SectorWrite } from './sim-inode.ts';

export interface CrashStateOptions {
  readonly names: 'ordered' | 'any';
  /** Up to so many states of a point, all are tried. */
  readonly allStatesMax: number;
  /** Random states of a point that has more. */
  readonly samples: number;
  readonly random: Random;
  /** Names of files of which nothing is read after a crash, so that their bytes make no difference. */
  readonly unread: (path: string) => boolean;
  /** Old bytes that the disk may show where a file grew and nothing was written. */
  readonly stale?: Buffer | undefined;
}

export interface CrashState {
  /** The same for two states just when names and bytes are the same, those of unread files aside. */
  readonly key: string;
  image(): DiskImage;
}

/** Changes of names up to which every subset is tried; beyond, first ones and all but one. */
const nameSubsetsMax = 6;
/** Writes to one sector up to which every subset is tried; beyond, first ones and each alone. */
const sectorSubsetsMax = 4;

/** The states that a crash at this point may leave; the last one is that of a crash that lost nothing. */
export function* crashStates(point: CrashPoint, options: CrashStateOptions): Generator<CrashState> {
  for (const names of nameStates(point, options.names)) {
    const paths = [...names.keys()].sort();
    const files = paths.map((path) => choicesOf(path, names.get(path), options));
    const ends = files.flatMap(({ ends }) => ends);
    for (const digits of choices(ends, options)) yield stateOf(paths, files, digits);
  }
}

function stateOf(paths: readonly string[], files: readonly Choices[], digits: readonly number[]): CrashState {
  const variants: Variant[] = [];
  let key = '';
  let at = 0;
  for (const [index, file] of files.entries()) {
    const variant = file.variant(digits.slice(at, at + file.ends.length));
    at += file.ends.length;
    variants.push(variant);
    key += `${numberOf(`${paths[index]} ${variant.digest}`).toString(36)} `;
  }
  const image = () => new Map(variants.map(({ bytes }, index) => [paths[index] ?? '', bytes]));
  return { key, image };
}

/** Every file that was ever seen, with its name, gets a number, so that keys of states are short. */
const numbers = new Map<string, number>();

function numberOf(file: string): number {
  const known = numbers.get(file) ?? numbers.size;
  if (known === numbers.size) numbers.set(file, known);
  return known;
}

/** Every map of names that a crash may leave. */
function* nameStates(
  { names, changes }: CrashPoint,
  model: CrashStateOptions['names'],
): Generator<ReadonlyMap<string, FrozenFile>> {
  for (const kept of keptChanges(changes.length, model)) {
    const left = new Map(names);
    for (const [index, change] of changes.entries()) {
      if (kept(index)) applyNames(left, change, change.file);
    }
    yield left;
  }
}

function* keptChanges(
  count: number,
  model: CrashStateOptions['names'],
): Generator<(index: number) => boolean> {
  if (model === 'any' && count <= nameSubsetsMax) {
    for (let subset = 0; subset < 2 ** count; subset += 1) yield (index) => ((subset >> index) & 1) === 1;
    return;
  }
  if (model === 'any') for (let lost = 0; lost < count; lost += 1) yield (index) => index !== lost;
  for (let length = 0; length <= count; length += 1) yield (index) => index < length;
}

/** Numbers from 0 to below each of `ends`: every combination, or the telling ones and a sample. */
function* choices(ends: readonly number[], options: CrashStateOptions): Generator<readonly number[]> {
  const all = ends.reduce((product, end) => product * end, 1);
  if (all <= options.allStatesMax) {
    for (let number = 0; number < all; number += 1) {
      let rest = number;
      yield ends.map((end) => {
        const digit = rest % end;
        rest = Math.floor(rest / end);
        return digit;
      });
    }
    return;
  }
  for (let at = 0; at < ends.length; at += 1) {
    yield ends.map((end, index) => (index < at ? end - 1 : 0));
    yield ends.map((end, index) => (index > at ? end - 1 : 0));
    yield ends.map((end, index) => (index === at ? end - 1 : 0));
    yield ends.map((end, index) => (index === at ? 0 : end - 1));
  }
  for (let sample = 0; sample < options.samples; sample += 1) {
    yield ends.map((end) => options.random.below(end));
  }
  yield ends.map((end) => end - 1);
}

interface Variant {
  readonly bytes: Buffer;
  readonly digest: string;
}

interface Choices {
  /** How many ways there are for the size, and for each sector that is in doubt. */
  readonly ends: readonly number[];
  variant(digits: readonly number[]): Variant;
}

const choicesKnown = new WeakMap<FrozenFile, Choices>();

function choicesOf(path: string, file: FrozenFile | undefined, options: CrashStateOptions): Choices {
  if (file === undefined) throw new Error('bug: a name without a file');
  if (options.unread(path)) return { ends: [], variant: () => unreadVariant };
  const choices = choicesKnown.get(file) ?? new FileChoices(file, options.stale);
  choicesKnown.set(file, choices);
  return choices;
}

const unreadVariant: Variant = { bytes: Buffer.from('unread'), digest: '' };

class FileChoices implements Choices {
  readonly ends: readonly number[];
  readonly #file: FrozenFile;
  readonly #sizes: readonly number[];
  /** What each sector in doubt may hold: first without any of its writes, last with all of them. */
  readonly #sectors: readonly { readonly start: number; readonly contents: readonly Buffer[] }[];
  readonly #variants = new Map<string, Variant>();

  constructor(file: FrozenFile, stale: Buffer | undefined) {
    this.#file = file;
    this.#sizes = [...new Set([file.durableSize, ...file.sizes.map(({ size }) => size)])];
    const writes = Map.groupBy(file.writes, ({ sector }) => sector);
    const doubtful = [...writes].map(([sector, ofSector]) => ({
      start: sector * file.sectorBytes,
      contents: contentsOf(file, sector, ofSector, stale),
    }));
    this.#sectors = doubtful.filter(({ contents }) => contents.length > 1);
    this.ends = [this.#sizes.length, ...this.#sectors.map(({ contents }) => contents.length)];
  }

  variant(digits: readonly number[]): Variant {
    const name = digits.join();
    const made = this.#variants.get(name) ?? this.#make(digits);
    this.#variants.set(name, made);
    return made;
  }

  #make([size = 0, ...digits]: readonly number[]): Variant {
    const { durable, durableSize } = this.#file;
    const bytes = Buffer.alloc(this.#sizes[size] ?? 0);
    durable.copy(bytes, 0, 0, durableSize);
    for (const [index, { start, contents }] of this.#sectors.entries()) {
      contents[digits[index] ?? 0]?.copy(bytes, start);
    }
    return { bytes, digest: digestOf(bytes) };
  }
}

function contentsOf(
  { durable, durableSize, sectorBytes }: FrozenFile,
  sector: number,
  writes: readonly SectorWrite[],
  stale: Buffer | undefined,
): readonly Buffer[] {
  const start = sector * sectorBytes;
  const base = Buffer.alloc(sectorBytes);
  if (start < durableSize) durable.copy(base, 0, start, Math.min(start + sectorBytes, durableSize));
  const contents = new Map<string, Buffer>();
  const add = (bytes: Buffer) => void contents.set(bytes.toString('latin1'), bytes);
  add(base);
  if (stale !== undefined && start >= durableSize) add(staleSector(stale, sector, sectorBytes));
  for (const kept of keptWrites(writes.length)) {
    const bytes = Buffer.from(base);
    for (const [index, write] of writes.entries()) if (kept(index)) write.bytes.copy(bytes, write.from);
    add(bytes);
  }
  return [...contents.values()];
}

function* keptWrites(count: number): Generator<(index: number) => boolean> {
  if (count <= sectorSubsetsMax) {
    for (let subset = 1; subset < 2 ** count; subset += 1) yield (index) => ((subset >> index) & 1) === 1;
    return;
  }
  for (let alone = 0; alone < count; alone += 1) yield (index) => index === alone;
  for (let length = 2; length <= count; length += 1) yield (index) => index < length;
}

function staleSector(stale: Buffer, sector: number, sectorBytes: number): Buffer {
  const bytes = Buffer.alloc(sectorBytes);
  const start = (sector * sectorBytes) % Math.max(1, stale.length);
  stale.copy(bytes, 0, start);
  return bytes;
}

function digestOf(bytes: Buffer): string {
  return hash('sha1', bytes, 'buffer').toString('latin1', 0, 12);
}
