/**
 * The names that a frame's records refer to by number: workflows, states, actors, sources. A few dozen
 * distinct ones come again and again, so each is written once, at the frame's end.
 *
 * Names of a write that was taken back may stay: a name that nobody refers to does no harm.
 */
import { ByteReader } from './byte-reader.ts';
import { writeText } from './byte-writer.ts';

/** Of the length that precedes each name. */
const lengthBytesMax = 6;

/** The names of the frame that is being written. */
export class FrameNames {
  #numbers = new Map<string, number>();
  #bytesMax = 0;
  /** What was asked for last of each kind, with its number: it is often asked for again at once. */
  #workflow: string | undefined;
  #workflowNumber = 0;
  #actor: string | undefined;
  #actorNumber = 0;

  /** No more bytes than this are needed to write them all. */
  get bytesMax(): number {
    return this.#bytesMax;
  }

  /** As `number`, for the names of workflows. */
  ofWorkflow(name: string): number {
    if (name === this.#workflow) return this.#workflowNumber;
    this.#workflow = name;
    this.#workflowNumber = this.number(name);
    return this.#workflowNumber;
  }

  /** As `number`, for the ids of actors. */
  ofActor(id: string): number {
    if (id === this.#actor) return this.#actorNumber;
    this.#actor = id;
    this.#actorNumber = this.number(id);
    return this.#actorNumber;
  }

  /** The number of a name, which is given one if it has none yet. */
  number(name: string): number {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    const number = this.#numbers.size;
    this.#numbers.set(name, number);
    this.#bytesMax += lengthBytesMax + 2 * name.length;
    return number;
  }

  /** Writes all names at `at`, in the order of their numbers; returns the offset after them. */
  write(bytes: Uint8Array, at: number): number {
    let next = at;
    for (const name of this.#numbers.keys()) next = writeText(bytes, next, name);
    return next;
  }

  clear(): void {
    // Not cleared: a map that was cleared keeps its old content alive for as long as that is not collected.
    this.#numbers = new Map();
    this.#workflow = undefined;
    this.#actor = undefined;
    this.#bytesMax = 0;
  }
}

/** The names that lie in a frame's payload from `at` on, by number. */
export function readNames(payload: Buffer, at: number): readonly string[] {
  const names: string[] = [];
  const reader = new ByteReader(payload, at, payload.length);
  while (reader.at < payload.length) names.push(reader.sharedText());
  return names;
}
