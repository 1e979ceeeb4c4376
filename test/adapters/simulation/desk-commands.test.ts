/**
 * The simulated desk: the same commands for the same seed, all legal but those that are wrong on purpose
 * (asked of the domain's own decider), in the shape of the real desk, with only the live tickets in memory.
 */
import { describe, expect, test } from 'vitest';
import { Arrivals, hourOfWeek } from '../../../adapters/simulation/arrivals.ts';
import { isWrongOnPurpose } from '../../../adapters/simulation/desk.ts';
import { type DeskOptions, deskCommands } from '../../../adapters/simulation/desk-commands.ts';
import { EventQueue } from '../../../adapters/simulation/event-queue.ts';
import { Random, Weighted } from '../../../adapters/simulation/random.ts';
import { rates } from '../../../adapters/simulation/rates.ts';
import { Staff } from '../../../adapters/simulation/staff.ts';
import { type Command, commandSchema } from '../../../domain/ticket/commands.ts';
import { decide } from '../../../domain/ticket/decide.ts';
import { evolve } from '../../../domain/ticket/evolve.ts';
import { relatedTickets } from '../../../domain/ticket/other-tickets.ts';
import type { TicketState } from '../../../domain/ticket/state.ts';
import { builtInWorkflows } from '../../../domain/workflow/registry.ts';

/** The shortest reading of the domain: tickets in a map, one command after the other. */
class NaiveDesk {
  readonly tickets = new Map<string, TicketState>();

  submit(command: Command) {
    const ticketId = command.ticketId ?? '';
    const ticket = this.tickets.get(ticketId);
    const newTicketId = command.type === 'OpenFollowUp' ? command.data.followUp : undefined;
    const occurredAt = Number(command.occurredAt);
    const stamped = { ...command, ticketId, occurredAt, newTicketId, commandDigest: undefined };
    const others = new Map<string, TicketState>();
    for (const id of relatedTickets(command, newTicketId, ticket)) {
      const other = this.tickets.get(id);
      if (other !== undefined) others.set(id, other);
    }
    const input = {
      ticket,
      command: stamped,
      others,
      workflows: builtInWorkflows,
      defaultWorkflow: 'support',
    };
    const decision = decide(input);
    if (decision.status === 'rejected') return decision;
    for (const part of [{ ticketId, events: decision.events }, ...decision.also]) {
      let state = this.tickets.get(part.ticketId);
      for (const event of part.events) state = evolve(state, event, part.ticketId);
      if (state !== undefined) this.tickets.set(part.ticketId, state);
    }
    return decision;
  }
}

const commandsOf = (options: DeskOptions) => [...deskCommands(options)];

describe.each(['support', 'incident'] as const)('the %s desk', (workflow) => {
  const commands = commandsOf({ seed: 7, tickets: 3_000, workflow });
  const desk = new NaiveDesk();
  const seen = new Set<string>();
  const counts = { repeated: 0, wrong: 0 };
  const surprises: string[] = [];
  const types = new Set<string>();
  for (const command of commands) {
    if (seen.has(command.commandId ?? '')) {
      counts.repeated += 1;
      continue;
    }
    seen.add(command.commandId ?? '');
    const decision = desk.submit(command);
    const wrong = isWrongOnPurpose(command);
    if (wrong) counts.wrong += 1;
    else types.add(command.type);
    if (wrong !== (decision.status === 'rejected')) surprises.push(JSON.stringify([command, decision]));
  }

  test('does nothing illegal but on purpose', () => {
    expect(surprises).toEqual([]);
  });

  test('sends about 1 % wrong commands and 2 % twice', () => {
    expect(counts.wrong / commands.length).toBeGreaterThan(0.007);
    expect(counts.wrong / commands.length).toBeLessThan(0.013);
    expect(counts.repeated / commands.length).toBeGreaterThan(0.016);
    expect(counts.repeated / commands.length).toBeLessThan(0.024);
  });

  test('sends commands of the right shape, in order of business time', () => {
    for (const command of commands.slice(0, 2_000)) commandSchema.parse(command);
    const first = new Set<string>();
    let latest = 0;
    for (const { commandId = '', occurredAt } of commands) {
      if (first.has(commandId)) continue;
      first.add(commandId);
      expect(Number(occurredAt)).toBeGreaterThanOrEqual(latest);
      latest = Number(occurredAt);
    }
  });

  test('brings every ticket to its end', () => {
    const categories = new Set(
      [...desk.tickets.values()].map((each) => builtInWorkflows.stateOf(each).final),
    );
    expect([...categories]).toEqual([true]);
    expect(desk.tickets.size).toBeGreaterThanOrEqual(3_000);
  });

  test('uses what its workflow has', () => {
    const both = [
      'OpenTicket',
      'QueueTicket',
      'AssignTicket',
      'HoldTicket',
      'ResumeTicket',
      'ExpireHold',
      'AddComment',
      'ResolveTicket',
      'ConfirmResolution',
      'CloseTicket',
      'ReopenTicket',
      'RecordRequesterReply',
      'ChangeFields',
      'LinkTicket',
    ];
    const only = {
      support: [
        'OfferTicket',
        'AcceptOffer',
        'DeclineOffer',
        'ExpireOffer',
        'EscalateTicket',
        'AwaitRequester',
        'RemoveAgent',
        'MarkAgentOffline',
        'OpenFollowUp',
        'MergeTicket',
      ],
      incident: ['StartWork'],
    };
    expect([...types].sort()).toEqual([...both, ...only[workflow]].sort());
  });

  test('reopens and prioritises about as often as the real desk', () => {
    const share = (match: (command: Command) => boolean) =>
      commands.filter((each) => !isWrongOnPurpose(each) && match(each)).length / desk.tickets.size;
    const moderate = rates.priorities[0]?.count ?? 0;
    const all = rates.priorities.reduce((sum, each) => sum + each.count, 0);
    const opened = [...desk.tickets.values()].filter(
      (each) => each.fields.priority === '3 - Moderate',
    ).length;
    expect(opened / desk.tickets.size).toBeCloseTo(moderate / all, 1);
    expect(share((each) => each.type === 'ResolveTicket')).toBeGreaterThan(0.98);
    expect(share((each) => each.type === 'ReopenTicket')).toBeLessThan(0.03);
  });
});

describe('a seed', () => {
  const options: DeskOptions = { seed: 42, tickets: 300 };

  test('gives the same commands again', () => {
    expect(commandsOf(options)).toEqual(commandsOf(options));
  });

  test('gives other commands than another seed', () => {
    expect(commandsOf({ ...options, seed: 43 }).slice(0, 50)).not.toEqual(commandsOf(options).slice(0, 50));
  });

  test.each([-1, 0.5, Number.NaN, 2 ** 53])('is a whole number from 0 on, not %s', (seed) => {
    expect(() => commandsOf({ ...options, seed })).toThrow(/seed must be a whole number/);
  });
});

describe('the simulation holds live tickets only', () => {
  test('while many thousands come and go', () => {
    let most = 0;
    let opened = 0;
    const onMoment = (desk: { live: number; opened: number }) => {
      most = Math.max(most, desk.live);
      opened = desk.opened;
    };
    let commands = 0;
    for (const _ of deskCommands({ seed: 3, tickets: 20_000, ticketsPerWeek: 1_000, onMoment }))
      commands += 1;
    expect(opened).toBeGreaterThanOrEqual(20_000);
    expect(most).toBeLessThan(4_000);
    expect(commands).toBeGreaterThan(100_000);
  });

  test('and never more than it is told: arrivals wait', () => {
    let most = 0;
    const onMoment = (desk: { live: number }) => {
      most = Math.max(most, desk.live);
    };
    const commands = commandsOf({
      seed: 3,
      tickets: 500,
      liveTicketsMax: 20,
      wrongShare: 0,
      repeatedShare: 0,
      onMoment,
    });
    // A follow-up may take the place of the ticket that it follows before an arrival does.
    expect(most).toBeLessThanOrEqual(21);
    expect(commands.filter((each) => each.type === 'OpenTicket')).toHaveLength(500);
  });

  test('and ends after the hours it is given', () => {
    const from = Date.UTC(2026, 5, 1);
    const commands = commandsOf({ seed: 3, from, hours: 24 });
    expect(commands.length).toBeGreaterThan(500);
    for (const each of commands) expect(Number(each.occurredAt)).toBeLessThan(from + 24 * 3_600_000);
  });
});

describe('arrivals', () => {
  test('follow the hours of the week of the rates table', () => {
    const arrivals = new Arrivals(new Random(5), rates.arrivalsPerHourOfWeek, 5_000);
    const seen: number[] = new Array(168).fill(0);
    const count = 200_000;
    let at = Date.UTC(2026, 0, 5);
    for (let arrived = 0; arrived < count; arrived += 1) {
      at = arrivals.after(at);
      seen[hourOfWeek(at)] = (seen[hourOfWeek(at)] ?? 0) + 1;
    }
    const all = rates.arrivalsPerHourOfWeek.reduce((sum, each) => sum + each, 0);
    for (const [hour, wanted] of rates.arrivalsPerHourOfWeek.entries()) {
      const expected = (wanted / all) * count;
      // Six standard deviations of a Poisson count: a chance of about one in a million for all 168 hours.
      expect(Math.abs((seen[hour] ?? 0) - expected)).toBeLessThan(6 * Math.sqrt(expected));
    }
    expect((at - Date.UTC(2026, 0, 5)) / (7 * 24 * 3_600_000)).toBeCloseTo(count / 5_000, 0);
  });

  test('know the hours of the week', () => {
    expect(hourOfWeek(Date.UTC(2026, 0, 5))).toBe(0);
    expect(hourOfWeek(Date.UTC(2026, 0, 11, 23, 59))).toBe(167);
    expect(hourOfWeek(Date.UTC(1969, 11, 29))).toBe(0);
  });

  test('need a shape and a rate', () => {
    expect(() => new Arrivals(new Random(1), [1, 2], 10)).toThrow(/168 hours/);
    expect(() => new Arrivals(new Random(1), rates.arrivalsPerHourOfWeek, 0)).toThrow(RangeError);
  });
});

describe('the parts', () => {
  test('the queue gives things by time, and by order of arrival at the same time', () => {
    const random = new Random(11);
    const queue = new EventQueue<string>();
    const all = Array.from({ length: 2_000 }, (_, index) => ({ at: random.below(300), index }));
    for (const { at, index } of all) queue.add(at, `${at}:${index}`);
    const sorted = all.toSorted((left, right) => left.at - right.at || left.index - right.index);
    expect(sorted.map(() => queue.take())).toEqual(sorted.map(({ at, index }) => `${at}:${index}`));
    expect([queue.take(), queue.nextAt, queue.size]).toEqual([undefined, Number.POSITIVE_INFINITY, 0]);
  });

  test('random numbers are uniform, deciles are kept, weights are respected', () => {
    const random = new Random(9);
    const tenths: number[] = new Array(10).fill(0);
    for (let left = 100_000; left > 0; left -= 1) {
      const tenth = Math.floor(random.next() * 10);
      tenths[tenth] = (tenths[tenth] ?? 0) + 1;
    }
    for (const tenth of tenths) expect(Math.abs(tenth - 10_000)).toBeLessThan(600);
    const deciles = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 1_000];
    const drawn = Array.from({ length: 20_000 }, () => random.fromDeciles(deciles));
    expect(drawn.filter((each) => each < 5).length / drawn.length).toBeCloseTo(0.5, 1);
    expect(Math.max(...drawn)).toBeLessThanOrEqual(1_000);
    const weighted = new Weighted(
      ['often', 'never', 'seldom'],
      (each) => ({ often: 9, seldom: 1 })[each] ?? 0,
    );
    const picked = Array.from({ length: 10_000 }, () => weighted.pick(random));
    expect(picked.filter((each) => each === 'often').length / picked.length).toBeCloseTo(0.9, 1);
    expect(picked).not.toContain('never');
  });

  test('a desk has an agent for each group, and as many as it was given', () => {
    const random = new Random(2);
    const staff = new Staff(['one', 'two', 'three'], 10);
    const agents = new Set<string>();
    for (let left = 1_000; left > 0; left -= 1) agents.add(staff.agentOf(random, staff.group(random)).id);
    expect(agents.size).toBe(10);
    expect(() => new Staff(['one', 'two'], 1)).toThrow(/at least as many agents/);
  });
});
