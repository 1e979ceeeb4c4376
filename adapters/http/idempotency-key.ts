/**
 * The Idempotency-Key of a request (draft-ietf-httpapi-idempotency-key-header-07): how it is written, and the
 * command ids that are made from it. Through them the engine itself knows a repeated request again, however
 * long ago it was and whatever happened to the server since.
 */
import { createHash } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { Principal } from '../../domain/access/principal.ts';
import { problem, RequestRefused } from './problem.ts';

/** Of the key itself, without its quotes. */
export const idempotencyKeyCharactersMax = 200;

/** A string of RFC 9651, or the same without quotes, as most callers write it. */
const quoted = /^"((?:[ !#-[\]-~]|\\["\\])*)"$/;
const bare = /^[!#-+\--:<-[\]-~]+$/;

/** Command ids of this kind are 128 bits of SHA-256, so that nobody meets another's key by accident. */
const idPrefix = 'idem:';
const digestCharacters = 22;

/** The key as it is meant. Throws `RequestRefused`. */
export function readIdempotencyKey(header: string): string {
  const inside = quoted.exec(header)?.[1];
  const key = inside === undefined ? bare.exec(header)?.[0] : inside.replaceAll(/\\(["\\])/g, '$1');
  if (key !== undefined && key.length >= 1 && key.length <= idempotencyKeyCharactersMax) return key;
  const right = `"8e03978e-40d5-43dd-bc93-6894a57f9324", with 1 to ${idempotencyKeyCharactersMax} characters`;
  throw new RequestRefused(problem('request_invalid', `Idempotency-Key: expected a string such as ${right}`));
}

/** The command id of a principal's key; where a request has many commands, each has a number after it. */
export function commandIdOf({ id }: Principal, key: string): string {
  const digest = createHash('sha256').update(`${id}\0${key}`).digest('base64url');
  return idPrefix + digest.slice(0, digestCharacters);
}

/** What must be the same where a key comes again. */
export function fingerprintOf({ method, url, raw: { headers }, bodyBytes }: FastifyRequest): string {
  const hash = createHash('sha256');
  for (const part of [method, url, headers['content-type'], headers['if-match']]) hash.update(`${part}\n`);
  return hash.update(bodyBytes ?? '').digest('base64url');
}
