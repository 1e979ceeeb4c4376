/**
 * Who asks: what a credential stands for once it was checked. Everything that decides who may do what is
 * given one of these, and nothing else of the request.
 */
import type { Actor } from '../ticket/values.ts';

/**
 * What a credential is good for at all, whatever its roles allow. Both have to agree: a key of a lead that
 * has only `tickets:read` changes nothing.
 */
export const scopes = [
  'tickets:read',
  'tickets:write',
  /** Name another actor than the credential's own in commands, as integrations and imports do. */
  'actors:any',
  /** Figures about all tickets together: throughput and the like. */
  'metrics:read',
  /** Deliveries of webhooks that could not be carried out. */
  'webhooks:manage',
  /** Keys, roles and access rules, and who changed them. */
  'access:manage',
] as const;
export type Scope = (typeof scopes)[number];

/** The role that may do everything that a rule does not reserve for nobody. */
export const adminRole = 'admin';

export interface Principal {
  /** Stable and unique, as `key:3f2a…` or `oidc:https://issuer#subject`. */
  readonly id: string;
  /** Whom its commands come from, unless it may name another. */
  readonly actor: Actor;
  /** Names of the access policy's roles, those that they contain not listed. */
  readonly roles: readonly string[];
  /** Groups of agents that it belongs to. */
  readonly groups: readonly string[];
  readonly scopes: ReadonlySet<Scope>;
  /**
   * Whether the credential still holds. Asked again when a command is decided: it may be revoked meanwhile.
   */
  isActive(): boolean;
}

/** Why somebody is not known, in words for whoever called. It must never say how close a guess was. */
export interface NotAuthenticated {
  readonly refused: string;
}

/** Turns what came in an `authorization` header into who it is. */
export interface Authenticator {
  /** At once for keys; tokens may need the issuer's keys first. */
  authenticate(
    authorization: string | undefined,
  ): Principal | NotAuthenticated | Promise<Principal | NotAuthenticated>;
}
