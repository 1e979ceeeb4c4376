/**
 * Who may send how much: applies the quotas to requests and says in every answer what is left, in the fields
 * of draft-ietf-httpapi-ratelimit-headers-11. A quota is taken before the work that it pays for.
 *
 * It must never tell one caller about the quota of another: what is counted by credential is told only to who
 * has proved to have it.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { problem, RequestRefused } from '../problem.ts';
import type { LaneName } from './admission.ts';
import { addressName, isLoopback } from './client-address.ts';
import { type Rate, type RateName, type Rates, ratesDefault } from './rates.ts';
import { type Taken, TokenBuckets } from './token-buckets.ts';

export interface RateLimitOptions {
  /** Those left out are the default ones. */
  readonly rates?: Partial<Rates>;
  /** Of each of the four tables. */
  readonly bucketsMax: number;
  /** Whether `x-forwarded-for` is believed, so that a connection from loopback may be anybody's. */
  readonly proxied: boolean;
  /** Milliseconds of a clock that never jumps. */
  readonly now?: () => number;
  /** Told of each request that is refused. */
  readonly onRefused?: (lane: LaneName, reason: 'rate' | 'failed_credentials') => void;
}

/** One quota: what it is called outside, and who shares a bucket of it. */
interface Policy {
  readonly buckets: TokenBuckets;
  readonly name: string;
  /** Its item of `RateLimit-Policy`. */
  readonly field: string;
  /** For whoever reads the problem: `one credential`. */
  readonly whose: string;
}

export class RateLimits {
  readonly #requests: Policy;
  readonly #commands: Policy;
  readonly #addresses: Policy;
  readonly #failures: Policy;
  readonly #proxied: boolean;
  readonly #now: () => number;
  readonly #onRefused: NonNullable<RateLimitOptions['onRefused']>;

  constructor({ rates = {}, bucketsMax, proxied, now, onRefused }: RateLimitOptions) {
    const all = { ...ratesDefault, ...rates };
    const policy = (name: string, rate: RateName, whose: string): Policy => ({
      buckets: new TokenBuckets(all[rate], bucketsMax),
      name,
      field: policyField(name, all[rate]),
      whose,
    });
    this.#requests = policy('requests', 'requestsPerKey', 'one credential');
    this.#commands = policy('commands', 'commandsPerKey', 'the bulk requests of one credential');
    this.#addresses = policy('address', 'requestsPerAddress', 'one address');
    this.#failures = policy(
      'failures',
      'failuresPerAddress',
      'one address, for credentials that do not hold',
    );
    this.#proxied = proxied;
    this.#now = now ?? (() => performance.now());
    this.#onRefused = onRefused ?? (() => undefined);
  }

  /** One request from its address. Throws `rate_limited`. */
  takeAddress(request: FastifyRequest, reply: FastifyReply): void {
    const address = this.#addressOf(request);
    if (address !== undefined) this.#take(this.#addresses, address, 1, reply);
  }

  /**
   * Refuses addresses whose credentials failed too often before the next one is looked at: guessing is slow
   * then, and the work of checking signatures bounded. Throws `rate_limited`.
   */
  refuseGuessing(request: FastifyRequest, reply: FastifyReply): void {
    const address = this.#addressOf(request);
    if (address === undefined) return;
    const left = this.#failures.buckets.look(address, this.#now());
    if (!left.ok) this.#refuse(this.#failures, left, reply);
  }

  /** The request's credential does not hold. */
  countFailure(request: FastifyRequest, reply: FastifyReply): void {
    const address = this.#addressOf(request);
    if (address === undefined) return;
    tell(this.#failures, this.#failures.buckets.take(address, 1, this.#now()), reply);
  }

  /** One request of a principal. Throws `rate_limited`. */
  takeRequest(principalId: string, reply: FastifyReply): void {
    this.#take(this.#requests, principalId, 1, reply);
  }

  /** The commands of a bulk request, before any of them is decided. Throws `rate_limited`. */
  takeCommands(principalId: string, commands: number, reply: FastifyReply): void {
    this.#take(this.#commands, principalId, commands, reply);
  }

  /** The same for streams, which are slowed down instead: 0, or after how long to ask for them again. */
  paceCommands(principalId: string, commands: number): number {
    const taken = this.#commands.buckets.take(principalId, commands, this.#now());
    return taken.ok ? 0 : Math.ceil(taken.waitMs);
  }

  #take(policy: Policy, name: string, units: number, reply: FastifyReply): void {
    const taken = policy.buckets.take(name, units, this.#now());
    if (!taken.ok) this.#refuse(policy, taken, reply);
    tell(policy, taken, reply);
  }

  #refuse(policy: Policy, taken: Taken, reply: FastifyReply): never {
    const reason = policy === this.#failures ? 'failed_credentials' : 'rate';
    this.#onRefused(reply.request.matched?.lane ?? 'none', reason);
    refuse(policy, taken, reply);
  }

  /** `undefined` for this machine itself, which is not counted by address. */
  #addressOf(request: FastifyRequest): string | undefined {
    const forwarded = this.#proxied && request.headers['x-forwarded-for'] !== undefined;
    if (!forwarded && isLoopback(request.raw.socket.remoteAddress)) return undefined;
    return addressName(request.ip);
  }
}

function policyField(name: string, { quota, windowSeconds }: Rate): string {
  return `"${name}";q=${quota};w=${windowSeconds}`;
}

function refuse(policy: Policy, taken: Taken, reply: FastifyReply): never {
  tell(policy, taken, reply);
  reply.header('retry-after', taken.seconds);
  const { quota, windowSeconds } = policy.buckets.rate;
  const quotaText = `the quota "${policy.name}" is ${quota} in ${windowSeconds} s for ${policy.whose}`;
  throw new RequestRefused(problem('rate_limited', `${quotaText}; come back in ${taken.seconds} s`));
}

/** Adds the policy to those that the answer tells already. */
function tell({ name, field }: Policy, { available, seconds }: Taken, reply: FastifyReply): void {
  const limit = `"${name}";r=${available};t=${seconds}`;
  const told = reply.getHeader('ratelimit');
  if (told === undefined) {
    reply.header('ratelimit-policy', field).header('ratelimit', limit);
    return;
  }
  reply.header('ratelimit-policy', `${reply.getHeader('ratelimit-policy')}, ${field}`);
  reply.header('ratelimit', `${told}, ${limit}`);
}
