/** Noise with a known law, the same for the same seed, to hide known truths in. */
import { Random } from '../../../adapters/simulation/random.ts';

/** Standard normal numbers. Source: Box and Muller, Annals of Mathematical Statistics 29 (1958). */
export function normalNoise(seed: number): () => number {
  const random = new Random(seed);
  return () => Math.sqrt(2 * random.exponential()) * Math.cos(2 * Math.PI * random.next());
}

/** Of variance 1, each number remembering this share of the one before. */
export function rememberingNoise(seed: number, memory: number): () => number {
  const fresh = normalNoise(seed);
  let last = fresh();
  return () => {
    last = memory * last + Math.sqrt(1 - memory ** 2) * fresh();
    return last;
  };
}
