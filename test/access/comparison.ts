/** Everything that there is to ask about access, asked of the guard and of the naive implementation. */
import { AccessControl } from '../../domain/access/access-control.ts';
import { defaultPolicy } from '../../domain/access/default-policy.ts';
import type { Guard } from '../../domain/access/guard.ts';
import type { AskedOperation } from '../../domain/access/operations.ts';
import type { Principal } from '../../domain/access/principal.ts';
import { type CommandType, commandTypes } from '../../domain/ticket/commands.ts';
import type { StampedCommand } from '../../domain/ticket/decision.ts';
import type { Rejection } from '../../domain/ticket/rejection.ts';
import type { TicketState } from '../../domain/ticket/state.ts';
import type { TicketId } from '../../domain/ticket/values.ts';
import { builtInWorkflows, defaultWorkflow } from '../../domain/workflow/registry.ts';
import { expressions } from '../support/access.ts';
import { commands, type GivenPolicy, names } from './given.ts';
import { NaiveAccess } from './naive-access.ts';

/** Answers to one kind of question, and how many were yes: where all are alike, nothing is compared. */
export interface Tally {
  decisions: number;
  yes: number;
}

/** Commands that a ticket's `legal` may list. */
const onTickets = commandTypes.filter((type) => type !== 'OpenTicket');

export class Comparison {
  readonly tallies = new Map<string, Tally>();
  /** One for all policies, whose guards are kept from one to the next as a server keeps them. */
  readonly #access = new AccessControl({
    policy: defaultPolicy,
    version: 1,
    expressions,
    workflows: builtInWorkflows,
    defaultWorkflow,
  });
  readonly #principals: readonly Principal[];

  constructor(principals: readonly Principal[]) {
    this.#principals = principals;
  }

  get decisions(): number {
    return [...this.tallies.values()].reduce((sum, { decisions }) => sum + decisions, 0);
  }

  /** Throws where guard and page disagree about any of the tickets; `other` is the one that commands name. */
  under({ policy, predicates }: GivenPolicy, tickets: readonly TicketState[], other: TicketState): void {
    this.#access.use(policy, this.#access.version + 1);
    const naive = new NaiveAccess(policy, predicates, builtInWorkflows, defaultWorkflow);
    const others = new Map([['T-2', { ...other, ticketId: 'T-2' }]]);
    for (const principal of this.#principals) {
      const guard = this.#access.guardOf(principal);
      for (const ticket of tickets) {
        if (principal.isActive()) this.#reading(naive, guard, ticket);
        for (const command of commands) {
          const own = command.type === 'OpenTicket' ? undefined : ticket;
          this.#giving(naive, guard, command, own, others);
        }
      }
      const [ticket] = tickets;
      if (ticket !== undefined && principal.isActive()) this.#explaining(naive, principal, ticket);
    }
  }

  #reading(naive: NaiveAccess, guard: Guard, ticket: TicketState): void {
    const { principal } = guard;
    const view = guard.view(ticket);
    const reads = naive.reads(principal, ticket);
    this.#same('read', view !== undefined, reads, principal, ticket);
    let all = reads;
    for (const name of names) {
      const sees = naive.sees(principal, ticket, name);
      all &&= sees;
      this.#same(`read ${name}`, view?.shows(name) ?? false, sees, principal, ticket);
      this.#implied(`never ${name}`, !guard.mayEverShow(name), !sees, principal, ticket);
    }
    this.#implied('a complete view', view?.complete === true, all, principal, ticket);
    this.#implied('readsAll', guard.readsAll, all, principal, ticket);
    for (const type of onTickets) {
      const may = naive.may(principal, type, ticket);
      this.#same(`may ${type}`, guard.may(type, ticket), may, principal, ticket);
    }
  }

  #giving(
    naive: NaiveAccess,
    guard: Guard,
    command: StampedCommand,
    ticket: TicketState | undefined,
    others: ReadonlyMap<TicketId, TicketState>,
  ): void {
    const { principal } = guard;
    const rejection = guard.refuse(command, ticket, others);
    const answer = naive.answer(principal, command, ticket, others);
    const about = { command, ticket, others: [...others.values()] };
    this.#same(`give ${command.type}`, rejection?.code ?? 'accepted', answer ?? 'accepted', principal, about);
    const isShown = ticket !== undefined && naive.sees(principal, ticket, 'state');
    if (rejection !== undefined && !isShown && tellsOfState(rejection)) {
      this.#differ(`${command.type}: the refusal tells of the state`, principal, { ...about, rejection });
    }
  }

  /** What is explained must be what is decided. */
  #explaining(naive: NaiveAccess, principal: Principal, ticket: TicketState): void {
    const asked = (operation: AskedOperation, field?: string) =>
      this.#access.explain(principal, { operation, field, ticket }).allowed;
    for (const name of names) {
      const sees = naive.sees(principal, ticket, name);
      this.#same(`explain read ${name}`, asked('read', name), sees, principal, ticket);
    }
    for (const type of onTickets) {
      const may = naive.may(principal, type, ticket);
      this.#same(`explain ${type}`, asked(operationCalled(type)), may, principal, ticket);
    }
  }

  #same(
    question: string,
    real: string | boolean,
    naive: string | boolean,
    who: Principal,
    about: unknown,
  ): void {
    this.#count(question, naive === true || naive === 'accepted');
    if (real !== naive) this.#differ(`${question}: the guard says ${real}, the page ${naive}`, who, about);
  }

  /** For what the guard knows of all tickets at once: it may be less than what holds, never more. */
  #implied(question: string, claimed: boolean, holds: boolean, who: Principal, about: unknown): void {
    this.#count(question, claimed);
    if (claimed && !holds) this.#differ(`${question} is claimed, but not so here`, who, about);
  }

  #count(question: string, isYes: boolean): void {
    const tally = this.tallies.get(question) ?? { decisions: 0, yes: 0 };
    tally.decisions += 1;
    if (isYes) tally.yes += 1;
    this.tallies.set(question, tally);
  }

  #differ(what: string, { roles, actor }: Principal, about: unknown): never {
    throw new Error(`${what}; asked by ${JSON.stringify({ roles, actor })} about ${JSON.stringify(about)}`);
  }
}

function operationCalled(type: Exclude<CommandType, 'OpenTicket'>): AskedOperation {
  return type === 'ChangeFields' ? 'write' : type;
}

function tellsOfState({ state, legal, guard }: Rejection): boolean {
  return state !== undefined || legal.length > 0 || guard !== undefined;
}
