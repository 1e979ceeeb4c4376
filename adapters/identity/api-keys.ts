/**
 * Recognises API keys. The registry is asked each time, so that a key that was revoked, rotated or has
 * expired stops at once, on requests that are under way too; what is remembered only saves hashing.
 *
 * It must never say why a key does not hold, nor take longer for one that is nearly right.
 */
import { timingSafeEqual } from 'node:crypto';
import { principalOfKey } from '../../domain/access/key-principal.ts';
import type { Principal } from '../../domain/access/principal.ts';
import { type AccessRegistry, hashesAt, keyStateAt } from '../../domain/access/registry.ts';
import type { Clock } from '../../domain/ports.ts';
import { readKeyText } from './key-text.ts';
import { Remembered } from './remembered.ts';

/** Keys whose hash need not be computed again. */
const rememberedKeysMax = 10_000;
/** What a key that does not exist is compared with. */
const noHash = Buffer.alloc(32);

export class ApiKeys {
  readonly #registry: AccessRegistry;
  readonly #clock: Clock;
  readonly #remembered = new Remembered<Principal>(rememberedKeysMax);

  constructor(registry: AccessRegistry, clock: Clock) {
    this.#registry = registry;
    this.#clock = clock;
  }

  /** Whom the text stands for; `undefined` for one that is no key, or none that holds. */
  recognise(text: string): Principal | undefined {
    const known = this.#remembered.get(text);
    if (known !== undefined) {
      if (known.isActive()) return known;
      this.#remembered.delete(text);
    }
    const read = readKeyText(text);
    if (read === undefined) return undefined;
    const key = this.#registry.key(read.keyId);
    const held = key === undefined ? [] : hashesAt(key, this.#clock.now());
    const hash = held.find((each) => timingSafeEqual(Buffer.from(each, 'hex'), read.hash));
    if (held.length === 0) timingSafeEqual(noHash, read.hash);
    if (key === undefined || hash === undefined) return undefined;
    const principal = principalOfKey(key, () => this.#holds(key.keyId, hash));
    this.#remembered.set(text, principal);
    return principal;
  }

  #holds(keyId: string, hash: string): boolean {
    const key = this.#registry.key(keyId);
    if (key === undefined) return false;
    const now = this.#clock.now();
    // Most keys have one secret: no list is made for them on the way of every command.
    return key.old === undefined
      ? key.hash === hash && keyStateAt(key, now) === 'active'
      : hashesAt(key, now).includes(hash);
  }
}
