/**
 * What an API key looks like, how one is made and what is kept of it. The secret is 32 bytes from the
 * system's generator: nobody can guess it, so a plain SHA-256 keeps it as well as a slow hash would. It must
 * never be written anywhere but to whoever asked for it.
 *
 *     dk_<16 hexadecimal digits: the key's id>_<43 characters of base64url: the secret>
 */
import { createHash, randomBytes } from 'node:crypto';
import type { MintedKey } from '../../domain/access/access-book.ts';

const keyIdBytes = 8;
const secretBytes = 32;
const keyPattern = /^dk_([0-9a-f]{16})_([A-Za-z0-9_-]{43})$/;

export function mintKey(keyId = randomBytes(keyIdBytes).toString('hex')): MintedKey {
  const secret = randomBytes(secretBytes).toString('base64url');
  return { keyId, hash: hashOf(secret).toString('hex'), text: `dk_${keyId}_${secret}` };
}

/** The parts of a key's text; `undefined` where it is none. The hash has 32 bytes. */
export function readKeyText(text: string): { readonly keyId: string; readonly hash: Buffer } | undefined {
  const [, keyId, secret] = keyPattern.exec(text) ?? [];
  return keyId === undefined || secret === undefined ? undefined : { keyId, hash: hashOf(secret) };
}

function hashOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}
