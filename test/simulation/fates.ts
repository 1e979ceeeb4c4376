/**
 * What happens to a process or its disk in the course of a long run: drawn at random, one fate for each time
 * that the log is opened, and turned into what the disk does at a chosen operation.
 */
import type { Random } from '../../adapters/simulation/random.ts';
import type { Misfortune, Operation, OperationKind, SimDisk } from './sim-disk.ts';

export type Fate =
  /** Nothing; the log is closed. */
  | { readonly kind: 'close' }
  /** The machine dies before the operation. */
  | { readonly kind: 'crash'; readonly at: number }
  /** The process dies before the operation; the cache stays. */
  | { readonly kind: 'kill'; readonly at: number }
  /** The n-th operation of a kind fails, and perhaps all after it too, until the log is opened again. */
  | {
      readonly kind: 'error';
      readonly at: number;
      readonly of: OperationKind;
      readonly code: 'EIO' | 'ENOSPC';
      readonly bytesDone: number;
      readonly forGood: boolean;
    }
  /** From some operation on, syncs say that they synced, and do not; then the machine dies. */
  | {
      readonly kind: 'lie';
      readonly from: number;
      readonly at: number;
      readonly of: 'sync' | 'syncDirectory';
    };

export type FateKind = Fate['kind'];

const operationsMax = 60;
const bytesDoneMax = 3_000;
const mayFail: readonly OperationKind[] = [
  'write',
  'write',
  'sync',
  'sync',
  'create',
  'truncate',
  'rename',
  'syncDirectory',
];

export function drawFate(random: Random, kinds: readonly FateKind[]): Fate {
  const kind = random.pick(kinds);
  const at = 1 + random.below(operationsMax);
  switch (kind) {
    case 'close':
      return { kind };
    case 'crash':
    case 'kill':
      return { kind, at };
    case 'error': {
      const of = random.pick(mayFail);
      const [code, bytesDone] = [random.pick(['EIO', 'ENOSPC'] as const), random.below(bytesDoneMax)];
      return { kind, at: 1 + random.below(12), of, code, bytesDone, forGood: random.chance(0.5) };
    }
    case 'lie': {
      const of = random.pick(['sync', 'sync', 'syncDirectory'] as const);
      return { kind, from: 1 + random.below(at), at, of };
    }
  }
}

/** A fate on its way, and whether it has come. */
export class Doom {
  /** The disk has failed an operation. */
  failed = false;
  /** The process is dead, though a bit of what it was about to do may still run here. */
  over = false;
  /** Resolves when the process is dead. */
  readonly dead: Promise<'dead'>;
  readonly #fate: Fate;
  readonly #die: () => void;

  constructor(fate: Fate, disk: SimDisk) {
    this.#fate = fate;
    const { promise, resolve } = Promise.withResolvers<'dead'>();
    this.dead = promise;
    this.#die = () => resolve('dead');
    disk.onOperation = (operation) => this.#misfortune(operation);
  }

  #misfortune({ kind, number, numberOfKind }: Operation): Misfortune | undefined {
    const fate = this.#fate;
    switch (fate.kind) {
      case 'close':
        return undefined;
      case 'crash':
      case 'kill':
        return number === fate.at ? this.#halt() : undefined;
      case 'error': {
        const { of, at, code, bytesDone, forGood } = fate;
        const now = kind === of && (numberOfKind === at || (forGood && numberOfKind > at));
        if (!now) return undefined;
        this.failed = true;
        return { kind: 'error', code, bytesDone };
      }
      case 'lie':
        if (number === fate.at) return this.#halt();
        return kind === fate.of && number >= fate.from ? { kind: 'lie' } : undefined;
    }
  }

  #halt(): Misfortune {
    this.over = true;
    this.#die();
    return { kind: 'halt' };
  }
}
