/** Random plans of commands: what is sent is settled when it is sent, by what the model then knows. */
import fc from 'fast-check';
import type { Command } from '../../domain/ticket/commands.ts';
import { ofType, weighted } from '../support/arbitrary-commands.ts';
import type { NaiveDesk } from './naive-desk.ts';

/** Few tickets, so that stories meet; the last two are the first automatic numbers. */
const ticketIds = ['T-1', 'T-2', 'T-3', 'T-4', 'REQ0000001', 'REQ0000002'] as const;

const anyCommand = fc.oneof(
  { weight: 8, arbitrary: ofType(weighted, ticketIds) },
  { weight: 2, arbitrary: ofType(['MergeTicket', 'SplitTicket', 'LinkTicket', 'OpenFollowUp'], ticketIds) },
  { weight: 2, arbitrary: ofType(['ResolveTicket', 'ConfirmResolution', 'ReopenTicket'], ticketIds) },
);

export const anyPlan = fc.record({
  /** The first that would do something is sent; else the first. */
  choices: fc.array(anyCommand, { minLength: 1, maxLength: 8 }),
  /** What is tried where none of them would do something, so that stories begin. */
  opening: ofType(['OpenTicket'], ticketIds),
  /** Where ids may be left to the engine: whether they are. */
  numbered: fc.boolean(),
  newTicketId: fc.constantFrom(undefined, undefined, undefined, ...ticketIds, 'T-5', 'T-6'),
  expects: fc.constantFrom('nothing', 'nothing', 'nothing', 'nothing', 'right', 'right', 'behind', 'ahead'),
  commandId: fc.oneof(fc.constant(undefined), fc.nat(200), fc.nat(9)),
  timed: fc.boolean(),
  /** Instead of all that: something odd. */
  odd: fc.constantFrom(...Array<undefined>(14).fill(undefined), 'no ticket', 'no workflow', 'again', 'again'),
  which: fc.nat(1_000),
});
export type Plan = typeof anyPlan extends fc.Arbitrary<infer P> ? P : never;

/** The commands that the plans of several calls stand for now; with `uniqueId`, none of their ids repeats. */
export function commandsOf(
  calls: readonly (readonly Plan[])[],
  desk: NaiveDesk,
  now: number,
  uniqueId?: string,
): readonly (readonly Command[])[] {
  const imagined = desk.imagined();
  let count = 0;
  return calls.map((plans) =>
    plans.map((plan) => {
      count += 1;
      const own = uniqueId === undefined ? undefined : `${uniqueId}/${count}`;
      const command = commandOf(plan, desk.sent, imagined, now, own);
      desk.sent.push(command);
      return command;
    }),
  );
}

/** The command that a plan stands for, in the middle of a story that is only imagined so far. */
function commandOf(
  plan: Plan,
  sent: readonly Command[],
  imagined: NaiveDesk,
  now: number,
  uniqueId: string | undefined,
): Command {
  const repeated = sent[plan.which % Math.max(1, sent.length)];
  if (plan.odd === 'again' && repeated !== undefined && uniqueId === undefined) return repeated;
  const commandId = uniqueId ?? (plan.commandId === undefined ? undefined : `c-${plan.commandId}`);
  const choices = plan.which % 3 === 0 ? plan.choices : [...plan.choices, plan.opening];
  const candidates = choices.map((choice) => {
    const command = dressed(choice, plan);
    return { ...command, commandId, expectedRevision: expected(command, plan, imagined) };
  });
  const number = `imagined ${imagined.events.length}`;
  const chosen = candidates.find((each) => imagined.imagine(each, now, number)) ?? candidates[0];
  if (chosen === undefined) throw new Error('a plan without commands');
  return chosen;
}

function dressed(choice: Command, plan: Plan): Command {
  const occurredAt = plan.timed ? choice.occurredAt : undefined;
  const command: Command = { ...choice, occurredAt };
  if (plan.odd === 'no ticket') return { ...command, ticketId: undefined };
  if (command.type === 'OpenTicket') {
    const workflow = plan.odd === 'no workflow' ? 'nope' : command.workflow;
    return { ...command, workflow, ticketId: plan.numbered ? undefined : command.ticketId };
  }
  const { newTicketId } = plan;
  if (newTicketId === undefined) return command;
  if (command.type === 'OpenFollowUp')
    return { ...command, data: { ...command.data, followUp: newTicketId } };
  if (command.type === 'SplitTicket') return { ...command, data: { ...command.data, splitOff: newTicketId } };
  return command;
}

function expected(command: Command, { expects }: Plan, desk: NaiveDesk): number | undefined {
  const revision = desk.historyOf(command.ticketId ?? '').length;
  if (expects === 'right') return revision;
  if (expects === 'behind') return Math.max(0, revision - 1);
  return expects === 'ahead' ? revision + 1 : undefined;
}
