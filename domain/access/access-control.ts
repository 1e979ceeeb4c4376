/**
 * Access by a policy that can be exchanged while it is asked. What is in use is one object that is replaced
 * as a whole: a question is answered by the old rules or by the new, never by some of both.
 */
import type { Expressions } from '../expressions.ts';
import type { Workflows } from '../workflow/registry.ts';
import { type CompiledPolicy, compilePolicy } from './compiled-policy.ts';
import { Gates } from './decide-access.ts';
import type { Explanation, ToExplain } from './explain.ts';
import { explain } from './explain.ts';
import type { EvaluationErrors } from './gate.ts';
import type { Access, Guard } from './guard.ts';
import type { AccessPolicy } from './policy.ts';
import type { Principal } from './principal.ts';
import { type PresentPolicy, PrincipalGuard } from './principal-guard.ts';
import { withContained } from './role-closure.ts';

/** Sets of roles whose gates are kept; the one that was made first goes first. */
export const roleSetsMax = 1_000;

export interface AccessControlOptions {
  readonly policy: AccessPolicy;
  /** Of the policy, from 1. */
  readonly version: number;
  readonly expressions: Expressions;
  readonly workflows: Workflows;
  /** The workflow of tickets that name none. */
  readonly defaultWorkflow: string;
}

export class AccessControl implements Access, PresentPolicy {
  readonly workflows: Workflows;
  readonly defaultWorkflow: string;
  readonly #expressions: Expressions;
  readonly #errors: EvaluationErrors = { count: 0 };
  /** Held as long as whoever asks is known to somebody. */
  readonly #guards = new WeakMap<Principal, Guard>();
  #compiled: CompiledPolicy;
  #gates = new Map<string, Gates>();

  /** Throws `ExpressionError` where a condition or script can not be used. */
  constructor({ policy, version, expressions, workflows, defaultWorkflow }: AccessControlOptions) {
    this.workflows = workflows;
    this.defaultWorkflow = defaultWorkflow;
    this.#expressions = expressions;
    this.#compiled = compilePolicy(policy, version, expressions);
  }

  get version(): number {
    return this.#compiled.version;
  }

  get policy(): AccessPolicy {
    return this.#compiled.policy;
  }

  /** Conditions and scripts that could not be evaluated since the start, and so counted as no. */
  get evaluationErrors(): number {
    return this.#errors.count;
  }

  /**
   * Answers every question by this policy from now on, also through guards that were given out before. Each
   * change has a version of its own. Throws `ExpressionError`; the policy in use is then the one before.
   */
  use(policy: AccessPolicy, version: number): void {
    if (version === this.version) throw new Error(`bug: version ${version} of the policy is in use already`);
    this.#compiled = compilePolicy(policy, version, this.#expressions);
    this.#gates = new Map();
  }

  guardOf(principal: Principal): Guard {
    const known = this.#guards.get(principal);
    if (known !== undefined) return known;
    const guard = new PrincipalGuard(principal, this);
    this.#guards.set(principal, guard);
    return guard;
  }

  gatesFor(roles: readonly string[]): Gates {
    const key = JSON.stringify([...roles].sort());
    const known = this.#gates.get(key);
    if (known !== undefined) return known;
    const oldest = this.#gates.size < roleSetsMax ? undefined : this.#gates.keys().next().value;
    if (oldest !== undefined) this.#gates.delete(oldest);
    const contained = withContained(roles, this.policy);
    const gates = new Gates(this.#compiled, contained, this.#errors);
    this.#gates.set(key, gates);
    return gates;
  }

  /**
   * Why the principal may or may not do something, rule by rule, under the present policy, as it may be told
   * to `reader`.
   */
  explain(principal: Principal, asked: ToExplain, reader: Principal = principal): Explanation {
    const { ticket } = asked;
    const quoting = ticket === undefined || this.guardOf(reader).view(ticket)?.complete === true;
    return explain(this.#compiled, this.workflows, principal, { ...asked, quoting });
  }
}
