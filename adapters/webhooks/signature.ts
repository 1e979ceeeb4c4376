/**
 * Whether a delivery comes from who it says: its signature over the raw bytes, under any of the secrets that
 * hold, compared in constant time. It says yes or no, and never how close a guess was.
 */
import { createHash, createHmac, createPublicKey, timingSafeEqual, verify } from 'node:crypto';
import type { EpochMs } from '../../domain/ticket/values.ts';
import type { SignatureScheme } from './definition.ts';

/** What of a request a signature is about. Header names are in lower case. */
export interface SignedRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface SignatureRules {
  /** Any one of them suffices. */
  readonly schemes: readonly SignatureScheme[];
  /** Any one of them may have been used. */
  readonly secrets: readonly string[];
  /** Whether `none` counts. */
  readonly unsigned: boolean;
}

export function isSigned(request: SignedRequest, rules: SignatureRules, now: EpochMs): boolean {
  return rules.schemes.some((scheme) => holds(request, scheme, rules, now));
}

function holds(
  request: SignedRequest,
  scheme: SignatureScheme,
  { secrets, unsigned }: SignatureRules,
  now: EpochMs,
): boolean {
  switch (scheme.scheme) {
    case 'hmac':
      return hmacHolds(request, scheme, secrets, now);
    case 'standard-webhooks':
      return standardHolds(request, scheme.toleranceMs, secrets, now);
    case 'token':
      return anyEqual(afterPrefix(request.headers[scheme.header], scheme.prefix), secrets);
    case 'basic':
      return anyEqual(basicPassword(request.headers.authorization), secrets);
    case 'none':
      return unsigned;
    default:
      return scheme;
  }
}

type Hmac = Extract<SignatureScheme, { scheme: 'hmac' }>;

function hmacHolds({ headers, body }: SignedRequest, rule: Hmac, secrets: readonly string[], now: EpochMs) {
  const given = headers[rule.header];
  if (given === undefined) return false;
  const timestamp = rule.timestamp === undefined ? '' : headers[rule.timestamp.header];
  const id = rule.idHeader === undefined ? '' : headers[rule.idHeader];
  if (timestamp === undefined || id === undefined) return false;
  if (rule.timestamp !== undefined) {
    const { format, toleranceMs } = rule.timestamp;
    if (!isNear(timeOf(timestamp, format), toleranceMs, now)) return false;
  }
  const signed = signedBytes(rule.signs, { timestamp, id }, body);
  const wanted = secrets.map((secret) => createHmac(rule.algorithm, secret).update(signed).digest());
  return given.split(' ').some((each) => {
    const signature = afterPrefix(each, rule.prefix);
    return signature !== undefined && anyBytesEqual(decoded(signature, rule.encoding), wanted);
  });
}

function signedBytes(signs: string, values: { timestamp: string; id: string }, body: Buffer): Buffer {
  const parts = signs.split(/(\{timestamp\}|\{id\}|\{body\})/);
  return Buffer.concat(
    parts.map((part) => {
      if (part === '{body}') return body;
      if (part === '{timestamp}') return Buffer.from(values.timestamp);
      return Buffer.from(part === '{id}' ? values.id : part);
    }),
  );
}

/** https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md */
function standardHolds(
  { headers, body }: SignedRequest,
  toleranceMs: number,
  secrets: readonly string[],
  now: EpochMs,
): boolean {
  const id = headers['webhook-id'];
  const timestamp = headers['webhook-timestamp'];
  const given = headers['webhook-signature'];
  if (id === undefined || timestamp === undefined || given === undefined) return false;
  if (!isNear(timeOf(timestamp, 'seconds'), toleranceMs, now)) return false;
  const signed = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), body]);
  return given.split(' ').some((each) => {
    const [version, signature = ''] = each.split(',', 2);
    const bytes = decoded(signature, 'base64');
    return secrets.some((secret) =>
      version === 'v1a'
        ? ed25519Holds(secret, signed, bytes)
        : version === 'v1' && v1Holds(secret, signed, bytes),
    );
  });
}

function v1Holds(secret: string, signed: Buffer, signature: Buffer): boolean {
  if (secret.startsWith('whpk_')) return false;
  const key = secret.startsWith('whsec_') ? Buffer.from(secret.slice(6), 'base64') : Buffer.from(secret);
  return anyBytesEqual(signature, [createHmac('sha256', key).update(signed).digest()]);
}

/** What stands before the 32 bytes of an Ed25519 public key in its DER form (RFC 8410). */
const ed25519Prefix = Buffer.from('302a300506032b6570032100', 'hex');

function ed25519Holds(secret: string, signed: Buffer, signature: Buffer): boolean {
  const raw = secret.startsWith('whpk_') ? Buffer.from(secret.slice(5), 'base64') : Buffer.alloc(0);
  if (raw.length !== 32) return false;
  const key = createPublicKey({ key: Buffer.concat([ed25519Prefix, raw]), format: 'der', type: 'spki' });
  return verify(null, signed, key, signature);
}

function timeOf(text: string, format: 'iso' | 'seconds'): number {
  if (format === 'iso') return Date.parse(text);
  return /^\d{1,12}$/.test(text) ? Number(text) * 1_000 : Number.NaN;
}

/** No number is near anything, as everywhere in arithmetic. */
function isNear(time: number, toleranceMs: number, now: EpochMs): boolean {
  return Math.abs(now - time) <= toleranceMs;
}

function afterPrefix(text: string | undefined, prefix: string): string | undefined {
  if (text === undefined) return undefined;
  return text.toLowerCase().startsWith(prefix.toLowerCase()) ? text.slice(prefix.length) : undefined;
}

function basicPassword(authorization: string | undefined): string | undefined {
  const encoded = afterPrefix(authorization, 'Basic ');
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const end = text.indexOf(':');
  return end === -1 ? undefined : text.slice(end + 1);
}

/**
 * Digests have one length whatever was sent, so that not even that of a secret shows in the time it takes.
 */
function anyEqual(given: string | undefined, secrets: readonly string[]): boolean {
  if (given === undefined) return false;
  return anyBytesEqual(digest(given), secrets.map(digest));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** Looks at all of them, whichever is equal. */
function anyBytesEqual(given: Buffer, wanted: readonly Buffer[]): boolean {
  let equal = false;
  for (const each of wanted) {
    if (given.length === each.length && timingSafeEqual(given, each)) equal = true;
  }
  return equal;
}

/** Buffer leaves out what is no digit; such a text must not count as the digits that it has. */
function decoded(text: string, encoding: 'hex' | 'base64'): Buffer {
  const pattern = encoding === 'hex' ? /^([0-9a-f]{2})*$/i : /^[A-Za-z0-9+/]*={0,2}$/;
  return pattern.test(text) ? Buffer.from(text, encoding) : Buffer.alloc(0);
}
