/**
 * What the log takes from its process and has no seam for, taken over for the time of a simulation: the
 * random numbers of salts and hash seeds, which must follow from the seed, and the large buffers that every
 * opened log asks for, which cost three times as much as all the rest of opening a tiny log.
 *
 * It must never lend a buffer that a live log may still use: a test has few logs open at the same time.
 */
import { Random } from '../../adapters/simulation/random.ts';

const largeBytesMin = 1024 * 1024;
/** A log holds two to four at a time; the oldest of these belongs to a log that died long ago. */
const largeBuffersMax = 32;

/** Salts and seeds of new segments follow from `seed`; the result puts the system's generator back. */
export function seedSalts(seed: number): () => void {
  const random = new Random(seed);
  return replace(crypto, 'getRandomValues', (numbers: Uint32Array) => {
    for (let index = 0; index < numbers.length; index += 1) numbers[index] = random.below(2 ** 32);
    return numbers;
  });
}

/** Large buffers are lent again and again, with whatever is in them; the result ends that. */
export function lendLargeBuffers(): () => void {
  const allocate = Buffer.allocUnsafeSlow;
  const lent: Buffer[] = [];
  let next = 0;
  return replace(Buffer, 'allocUnsafeSlow', (bytes: number) => {
    if (bytes < largeBytesMin) return allocate(bytes);
    next = (next + 1) % largeBuffersMax;
    const buffer = lent[next]?.length === bytes ? lent[next] : undefined;
    lent[next] = buffer ?? allocate(bytes);
    return lent[next];
  });
}

function replace(owner: object, name: string, value: unknown): () => void {
  const original = Object.getOwnPropertyDescriptor(owner, name);
  Object.defineProperty(owner, name, { configurable: true, writable: true, value });
  return () => {
    if (original === undefined) Reflect.deleteProperty(owner, name);
    else Object.defineProperty(owner, name, original);
  };
}
