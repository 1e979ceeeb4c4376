/**
 * Recognises JSON Web Tokens of the issuers in `identity.json`, as a resource server does (RFC 9068, RFC
 * 8725). Issuer, keys and algorithms come from the settings alone.
 *
 * It must never fetch an address that a token names, take a token without an end, or say how near one was.
 */
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  errors,
  type JSONWebKeySet,
  type JWTPayload,
  type JWTVerifyGetKey,
  jwtVerify,
} from 'jose';
import type { Principal } from '../../domain/access/principal.ts';
import type { Clock } from '../../domain/ports.ts';
import { bearerOf } from './bearer.ts';
import { Remembered } from './remembered.ts';
import { namesMemberTwice } from './single-names.ts';
import type { IdentitySettings, TokenIssuer } from './token-settings.ts';

export const tokenBounds = {
  tokenCharactersMax: 8_192,
  /** Tokens whose signature need not be checked again. */
  rememberedTokensMax: 10_000,
  /** For the issuer to answer with its keys. */
  jwksMsMax: 5_000,
  /** How often its keys are fetched again at most, when a token names one that is not known. */
  jwksCooldownMs: 30_000,
  /** How long its keys are used without asking again. */
  jwksAgeMsMax: 600_000,
  /** Tokens that are being checked at once; for each the issuer's keys may have to be fetched. */
  checksMax: 256,
} as const;

/** Headers by which a token brings or names its own key, and such as change what is signed. */
const refusedHeaders = ['jwk', 'jku', 'x5u', 'x5c', 'b64', 'crit', 'zip'];

export interface TokensOptions {
  readonly settings: IdentitySettings;
  readonly clock: Clock;
  /** The key sets of the issuers that have theirs in a file, by issuer. */
  readonly keySets: ReadonlyMap<string, JSONWebKeySet>;
  /** Told when an issuer's keys can not be fetched: its bearers can not be recognised then. */
  readonly onTrouble?: (message: string) => void;
}

interface KnownIssuer {
  readonly settings: TokenIssuer;
  readonly keys: JWTVerifyGetKey;
}

export class Tokens {
  readonly #issuers: ReadonlyMap<string, KnownIssuer>;
  readonly #clock: Clock;
  readonly #onTrouble: (message: string) => void;
  readonly #remembered = new Remembered<Principal>(tokenBounds.rememberedTokensMax);
  #checks = 0;

  constructor({ settings, clock, keySets, onTrouble = () => undefined }: TokensOptions) {
    this.#clock = clock;
    this.#onTrouble = onTrouble;
    this.#issuers = new Map(
      settings.issuers.map((each) => [each.issuer, { settings: each, keys: keysOf(each, keySets) }]),
    );
  }

  /** Whom the token stands for; `undefined` where it does not hold, at once for what can be no token. */
  recognise(text: string): Principal | undefined | Promise<Principal | undefined> {
    const known = this.#remembered.get(text);
    if (known !== undefined) {
      if (known.isActive()) return known;
      this.#remembered.delete(text);
    }
    const issuer = this.#issuerOf(text);
    if (issuer === undefined || this.#checks >= tokenBounds.checksMax) return undefined;
    this.#checks += 1;
    return this.#check(text, issuer).finally(() => {
      this.#checks -= 1;
    });
  }

  /** The issuer that the token says it is from, where that is one of ours and its form is in order. */
  #issuerOf(text: string): KnownIssuer | undefined {
    if (text.length > tokenBounds.tokenCharactersMax || this.#issuers.size === 0) return undefined;
    const parts = text.split('.');
    if (parts.length !== 3) return undefined;
    try {
      const { iss } = decodeJwt(text);
      const issuer = this.#issuers.get(iss ?? '');
      if (issuer === undefined || parts.slice(0, 2).some(holdsNameTwice)) return undefined;
      return isHeaderSound(decodeProtectedHeader(text), issuer.settings) ? issuer : undefined;
    } catch {
      return undefined;
    }
  }

  async #check(text: string, { settings, keys }: KnownIssuer): Promise<Principal | undefined> {
    try {
      const { payload } = await jwtVerify(text, keys, {
        algorithms: settings.algorithms,
        issuer: settings.issuer,
        audience: settings.audience,
        clockTolerance: settings.toleranceSeconds,
        maxTokenAge: settings.ageSecondsMax,
        requiredClaims: ['sub', 'exp', 'iat', 'aud'],
        currentDate: new Date(this.#clock.now()),
      });
      const bearer = bearerOf(payload, settings);
      if (bearer === undefined) return undefined;
      const endsAt = endOf(payload, settings);
      const principal = { ...bearer, isActive: () => this.#clock.now() < endsAt };
      this.#remembered.set(text, principal);
      return principal;
    } catch (error) {
      if (isOutOfReach(error)) this.#onTrouble(`the keys of ${settings.issuer} can not be fetched`);
      return undefined;
    }
  }
}

/** When a token that holds now ceases to, in milliseconds since the epoch. */
function endOf({ exp = 0, iat = 0 }: JWTPayload, settings: TokenIssuer): number {
  return (Math.min(exp, iat + settings.ageSecondsMax) + settings.toleranceSeconds) * 1_000;
}

function isHeaderSound(header: object, { types }: TokenIssuer): boolean {
  if (refusedHeaders.some((name) => Object.hasOwn(header, name))) return false;
  const type: unknown = Reflect.get(header, 'typ');
  if (typeof type !== 'string') return false;
  const short = type.replace(/^application\//i, '').toLowerCase();
  return types.some((each) => each.toLowerCase() === short);
}

function holdsNameTwice(part: string): boolean {
  return namesMemberTwice(Buffer.from(part, 'base64url').toString('utf8'));
}

function keysOf(issuer: TokenIssuer, keySets: ReadonlyMap<string, JSONWebKeySet>): JWTVerifyGetKey {
  const { jwksUri } = issuer;
  if (jwksUri !== undefined) {
    return createRemoteJWKSet(new URL(jwksUri), {
      timeoutDuration: tokenBounds.jwksMsMax,
      cooldownDuration: tokenBounds.jwksCooldownMs,
      cacheMaxAge: tokenBounds.jwksAgeMsMax,
    });
  }
  const keySet = keySets.get(issuer.issuer);
  if (keySet === undefined) throw new Error(`bug: no keys were read for ${issuer.issuer}`);
  return createLocalJWKSet(keySet);
}

/** The issuer did not answer, or not with keys: no fault of the token. */
function isOutOfReach(error: unknown): boolean {
  if (!(error instanceof errors.JOSEError)) return true;
  return (
    error instanceof errors.JWKSTimeout ||
    error instanceof errors.JWKSInvalid ||
    error.code === 'ERR_JOSE_GENERIC'
  );
}
