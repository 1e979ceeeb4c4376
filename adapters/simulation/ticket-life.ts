/**
 * One simulated ticket from arrival to closing: each step sends what happens at the desk's present moment and
 * says when the ticket is next heard of. Ways and times come from the rates table.
 *
 * It must never send a command that the workflow would refuse; what is wrong on purpose is added elsewhere.
 */
import { assign, doChore, somePriority } from './chores.ts';
import { type Desk, type DeskTicket, system, weightedNames } from './desk.ts';
import { type Dialect, type HoldPhase, isHold } from './dialects.ts';
import { Weighted } from './random.ts';
import { type Phase, rates } from './rates.ts';

const minuteMs = 60_000;
const offerMinutes = 10;
const offerExpiresShare = 0.08;
const offerDeclinedShare = 0.12;
const holdTimerShare = 0.2;
const requesterRepliesShare = 0.8;
const confirmedShare = 0.25;

const categories = weightedNames(rates.categories);
const closeCodes = weightedNames(rates.closeCodes);
const firstPhases = weightedNames(rates.firstPhases);
const reassignments = new Weighted(
  rates.reassignments.map((count, times) => ({ count, times })),
  (each) => each.count,
);

export class TicketLife {
  readonly #desk: Desk;
  readonly #dialect: Dialect;

  constructor(desk: Desk, dialect: Dialect) {
    this.#desk = desk;
    this.#dialect = dialect;
  }

  /** A requester opens a ticket, and the desk's rules put it into a group's queue. */
  begin(): DeskTicket {
    const desk = this.#desk;
    const ticket = desk.newTicket();
    const data = { requester: ticket.requester.id, fields: this.#fields() };
    desk.send(ticket, ticket.requester, { type: 'OpenTicket', data }, this.#dialect.workflow);
    this.#queue(ticket);
    return ticket;
  }

  /** What happens to the ticket now. */
  step(ticket: DeskTicket): void {
    switch (ticket.phase) {
      case 'new':
        this.#take(ticket);
        break;
      case 'offered':
        this.#answerOffer(ticket);
        break;
      case 'open':
        this.#work(ticket);
        break;
      case 'caller':
      case 'vendor':
      case 'problem':
      case 'evidence':
        this.#leaveHold(ticket, ticket.phase);
        break;
      case 'resolved':
        this.#leaveResolved(ticket);
        break;
      case 'closed':
      case 'gone':
        throw new Error(`bug: ticket ${ticket.id} is ${ticket.phase} and yet something happens to it`);
      default:
        ticket.phase satisfies never;
    }
  }

  #fields() {
    const { random } = this.#desk;
    const category = categories.pick(random).name;
    const priority = somePriority(random);
    return { subject: `Something about ${category.toLowerCase()}`, category, priority };
  }

  #queue(ticket: DeskTicket): void {
    const desk = this.#desk;
    desk.send(ticket, system, { type: 'QueueTicket', data: { group: ticket.group } });
    for (let left = reassignments.pick(desk.random).times; left > 0; left -= 1)
      ticket.chores.push('reassign');
    desk.plan(ticket, 'new');
    const first = firstPhases.pick(desk.random).name;
    if (first !== 'new') {
      ticket.goal = first;
      ticket.goalAt = desk.now;
    }
    desk.wake(ticket, ticket.goalAt);
  }

  #take(ticket: DeskTicket): void {
    const desk = this.#desk;
    const { random } = desk;
    if (!random.chance(this.#dialect.offerShare)) {
      assign(this.#desk, ticket);
      this.#begun(ticket);
      return;
    }
    const expiresAt = desk.now + offerMinutes * minuteMs;
    desk.send(ticket, system, { type: 'OfferTicket', data: { agent: ticket.agent.id, expiresAt } });
    ticket.phase = 'offered';
    ticket.offerEndsAt = expiresAt;
    const answersAt = desk.now + (1 + random.below(offerMinutes - 1)) * minuteMs;
    desk.wake(ticket, random.chance(offerExpiresShare) ? expiresAt : answersAt);
  }

  #answerOffer(ticket: DeskTicket): void {
    const desk = this.#desk;
    const agent = ticket.agent.id;
    if (desk.now < ticket.offerEndsAt && !desk.random.chance(offerDeclinedShare)) {
      desk.send(ticket, ticket.agent, { type: 'AcceptOffer', data: { agent } });
      this.#begun(ticket);
      return;
    }
    if (desk.now >= ticket.offerEndsAt) desk.send(ticket, system, { type: 'ExpireOffer', data: {} });
    else desk.send(ticket, ticket.agent, { type: 'DeclineOffer', data: { agent, reason: 'Busy' } });
    ticket.agent = desk.staff.agentOf(desk.random, ticket.group);
    assign(this.#desk, ticket);
    this.#begun(ticket);
  }

  #begun(ticket: DeskTicket): void {
    if (ticket.goal !== 'open') {
      this.#go(ticket, ticket.goal);
      return;
    }
    for (const draft of this.#dialect.beginning) this.#desk.send(ticket, ticket.agent, draft);
    this.#enterWork(ticket);
  }

  #enterWork(ticket: DeskTicket): void {
    ticket.phase = 'open';
    this.#desk.plan(ticket, 'open');
    for (const [chore, chance] of this.#dialect.chores) {
      if (this.#desk.random.chance(chance)) ticket.chores.push(chore);
    }
    this.#untilNextChore(ticket);
  }

  /** Chores are spread over the time until the ticket leaves work. */
  #untilNextChore(ticket: DeskTicket): void {
    const desk = this.#desk;
    desk.wake(ticket, desk.now + (ticket.goalAt - desk.now) / (ticket.chores.length + 1));
  }

  #work(ticket: DeskTicket): void {
    const chore = ticket.chores.shift();
    if (chore === undefined) {
      this.#go(ticket, ticket.goal);
      return;
    }
    doChore(this.#desk, ticket, chore);
    if (ticket.phase !== 'gone') this.#untilNextChore(ticket);
  }

  #go(ticket: DeskTicket, goal: Phase): void {
    if (isHold(goal)) this.#enterHold(ticket, goal);
    else if (goal === 'resolved') this.#resolve(ticket);
    else throw new Error(`bug: ticket ${ticket.id} can not go from ${ticket.phase} to ${goal}`);
  }

  #enterHold(ticket: DeskTicket, to: HoldPhase): void {
    const desk = this.#desk;
    const from = ticket.phase;
    desk.plan(ticket, to);
    const timed = ticket.goal === 'open' && desk.random.chance(holdTimerShare);
    ticket.timerId = timed ? `${ticket.id}:${desk.now}` : undefined;
    const timer =
      ticket.timerId === undefined ? undefined : { until: ticket.goalAt, timerId: ticket.timerId };
    for (const draft of this.#dialect.hold(from, to, timer)) desk.send(ticket, ticket.agent, draft);
    ticket.phase = to;
    desk.wake(ticket, ticket.goalAt);
  }

  #leaveHold(ticket: DeskTicket, from: HoldPhase): void {
    const desk = this.#desk;
    if (ticket.goal !== 'open') {
      this.#go(ticket, ticket.goal);
      return;
    }
    if (ticket.timerId !== undefined) {
      desk.send(ticket, system, { type: 'ExpireHold', data: { timerId: ticket.timerId } });
    } else if (from === 'caller' && desk.random.chance(requesterRepliesShare)) {
      const data = { body: 'Here is what you asked for.' };
      desk.send(ticket, ticket.requester, { type: 'RecordRequesterReply', data });
    } else {
      desk.send(ticket, ticket.agent, { type: 'ResumeTicket', data: {} });
    }
    this.#enterWork(ticket);
  }

  #resolve(ticket: DeskTicket): void {
    const desk = this.#desk;
    const code = closeCodes.pick(desk.random).name;
    const data = { code, notes: 'Solved, and checked with the requester.' };
    desk.send(ticket, ticket.agent, { type: 'ResolveTicket', data });
    ticket.phase = 'resolved';
    ticket.resolvedAt = desk.now;
    desk.plan(ticket, 'resolved');
    if (ticket.goal === 'closed')
      ticket.goalAt = Math.max(ticket.goalAt, desk.now + this.#dialect.closeAfterMs);
    const confirmed = ticket.goal === 'closed' && desk.random.chance(confirmedShare);
    if (confirmed) ticket.goalAt = desk.now + Math.round((ticket.goalAt - desk.now) * desk.random.next());
    ticket.timerId = confirmed ? 'confirmed' : undefined;
    desk.wake(ticket, ticket.goalAt);
  }

  #leaveResolved(ticket: DeskTicket): void {
    const desk = this.#desk;
    if (ticket.goal === 'open') {
      desk.send(ticket, ticket.requester, this.#dialect.reopening(desk.random));
      this.#enterWork(ticket);
      return;
    }
    if (ticket.timerId !== undefined) {
      desk.send(ticket, ticket.requester, { type: 'ConfirmResolution', data: {} });
    } else {
      desk.send(ticket, system, { type: 'CloseTicket', data: {} });
    }
    desk.leave(ticket);
    if (desk.random.chance(this.#dialect.followUpShare)) this.#followUp(ticket);
  }

  /** A closed ticket is never reopened: what comes back is a ticket of its own. */
  #followUp(closed: DeskTicket): void {
    const desk = this.#desk;
    const next = desk.newTicket(closed.requester);
    const data = { followUp: next.id, fields: this.#fields() };
    desk.send(closed, closed.requester, { type: 'OpenFollowUp', data });
    this.#queue(next);
  }
}
