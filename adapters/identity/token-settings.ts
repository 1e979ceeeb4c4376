/**
 * Whose tokens are taken, and what they make of their bearer: `identity.json` of the data folder. Everything
 * that decides whether a token holds is said here by name; nothing of it is ever taken from a token.
 */
import { z } from 'zod';
import { scopes } from '../../domain/access/principal.ts';
import { nameSchema, roleSchema } from '../../domain/ticket/values.ts';

/**
 * Signatures with a key that only the issuer has. A shared secret (HS…) would let Docket issue tokens itself.
 */
export const tokenAlgorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
] as const;

const issuersMax = 16;
const toleranceSecondsMax = 60;
const ageSecondsMax = 24 * 3_600;

/** Where in a token's claims something is, with dots between the names: `realm_access.roles`. */
const claimSchema = z.string().min(1).max(200);
const loopbackHosts = ['localhost', '127.0.0.1', '[::1]'];

const jwksUriSchema = z.url().refine((text) => {
  const { protocol, hostname } = new URL(text);
  return protocol === 'https:' || (protocol === 'http:' && loopbackHosts.includes(hostname));
}, 'an address that begins with https:// (http:// for this machine only)');

const issuerSchema = z
  .strictObject({
    /** What `iss` must be, to the letter. */
    issuer: z.string().min(1).max(1_000),
    /** What `aud` must be, or hold: the name of this Docket at the issuer. */
    audience: z.union([nameSchema, z.array(nameSchema).min(1).max(10)]),
    algorithms: z.array(z.enum(tokenAlgorithms)).min(1),
    /** Where the issuer's public keys are: an address, or a file in the data folder. */
    jwksUri: jwksUriSchema.optional(),
    jwksFile: z.string().min(1).max(1_000).optional(),
    /** What `typ` may be. */
    types: z
      .array(z.enum(['at+jwt', 'JWT']))
      .min(1)
      .default(['at+jwt', 'JWT']),
    /** How far the clocks of the issuer and of this machine may be apart. */
    toleranceSeconds: z.int().min(0).max(toleranceSecondsMax).default(30),
    /** How long after `iat` a token may be used, whatever its `exp` says. */
    ageSecondsMax: z.int().min(1).max(ageSecondsMax).default(ageSecondsMax),
    /** Who its bearer is in tickets; the claim must be one that the issuer gives to one person only. */
    actor: z
      .strictObject({ claim: claimSchema.default('sub'), role: roleSchema.default('requester') })
      .default({ claim: 'sub', role: 'requester' }),
    /** Roles of the access policy, by what the claim holds; what is not in the map gives none. */
    roles: z.strictObject({ claim: claimSchema, map: z.record(nameSchema, z.array(nameSchema).max(32)) }),
    /** Scopes, by what the claim holds. A text is taken for a list with blanks between. */
    scopes: z.strictObject({ claim: claimSchema, map: z.record(nameSchema, z.array(z.enum(scopes))) }),
    /** The claim with the groups of agents that its bearer belongs to. */
    groups: z.strictObject({ claim: claimSchema }).optional(),
  })
  .refine(({ jwksUri, jwksFile }) => (jwksUri === undefined) !== (jwksFile === undefined), {
    error: 'give either jwksUri or jwksFile',
    path: ['jwksUri'],
  });
export type TokenIssuer = z.output<typeof issuerSchema>;

export const identitySettingsSchema = z.strictObject({
  issuers: z
    .array(issuerSchema)
    .max(issuersMax)
    .refine(
      (issuers) => new Set(issuers.map(({ issuer }) => issuer)).size === issuers.length,
      'each issuer may be there once',
    ),
});
export type IdentitySettings = z.output<typeof identitySettingsSchema>;
