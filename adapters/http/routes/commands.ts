/**
 * The writing routes: open a ticket, one command to a ticket, and many commands at once. Whatever they
 * accept is durable when they answer; the engine behind `CommandSink` is the only one who decides.
 */
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import type { CommandSink, Outcome } from '../../../domain/ports.ts';
import type { Command } from '../../../domain/ticket/commands.ts';
import { ticketIdSchema } from '../../../domain/ticket/values.ts';
import { commandBodySchema, openingBodySchema } from '../command-schemas.ts';
import type { HttpContext } from '../context.ts';
import { sendProblem } from '../failures.ts';
import { inputErrors, inputErrorsText } from '../input-errors.ts';
import { acceptedSchema, outcomesSchema, type RefusedJson, refusedJson } from '../outcome-json.ts';
import { problem, problemOfRejection, RequestRefused } from '../problem.ts';
import { readCommand, readCommandWith } from '../read-command.ts';
import { type Caller, type Route, route } from '../route.ts';

const bulkSchema = z.strictObject({ commands: z.array(z.unknown()) });

const refusals = [
  'invalid_command',
  'illegal_transition',
  'role_not_permitted',
  'condition_unmet',
  'ticket_exists',
  'ticket_not_found',
  'revision_conflict',
  'command_id_reused',
  'workflow_unknown',
  'access_denied',
  'actor_not_permitted',
  'contention',
] as const;

export function commandRoutes({ sink, limits, rates }: HttpContext): readonly Route[] {
  return [
    route({
      id: 'openTicket',
      method: 'POST',
      path: '/v1/tickets',
      group: 'Commands',
      summary: 'Open a ticket',
      scope: 'tickets:write',
      body: { schema: openingBodySchema, checked: 'by handler' },
      answers: {
        201: {
          meaning: 'The ticket is open, and that is durable.',
          schema: acceptedSchema,
          headers: { location: 'Where the ticket is.' },
        },
      },
      problems: refusals,
      example: { body: { data: { fields: { subject: 'The printer is on fire' } } } },
      handle: async ({ body, ...caller }, reply) => {
        const outcome = await submitOne(sink, readCommandWith(body, { type: 'OpenTicket' }, caller), caller);
        if (outcome.status === 'rejected') return sendProblem(reply, problemOfRejection(outcome));
        reply.header('location', `/v1/tickets/${encodeURIComponent(outcome.ticketId)}`);
        return reply.code(201).send(outcome);
      },
    }),
    route({
      id: 'commandTicket',
      method: 'POST',
      path: '/v1/tickets/{ticketId}/commands',
      group: 'Commands',
      summary: 'One command to a ticket',
      scope: 'tickets:write',
      params: z.strictObject({ ticketId: ticketIdSchema }),
      body: { schema: commandBodySchema, checked: 'by handler' },
      answers: { 200: { meaning: 'What it did is durable.', schema: acceptedSchema } },
      problems: refusals,
      example: {
        params: { ticketId: 'REQ0000001' },
        body: { type: 'AssignTicket', commandId: 'my-1', data: { agent: 'ana' } },
      },
      handle: async ({ params: { ticketId }, body, ...caller }, reply) => {
        return sendOutcome(reply, await submitOne(sink, readCommandWith(body, { ticketId }, caller), caller));
      },
    }),
    route({
      id: 'commandMany',
      method: 'POST',
      path: '/v1/commands',
      group: 'Commands',
      summary: 'Many commands at once',
      scope: 'tickets:write',
      lane: 'bulk',
      body: { schema: z.strictObject({ commands: z.array(commandBodySchema) }), checked: 'by handler' },
      answers: { 200: { meaning: 'One outcome for each command, in order.', schema: outcomesSchema } },
      problems: ['too_many_items', 'rate_limited'],
      example: {
        body: { commands: [{ type: 'StartWork', ticketId: 'REQ0000001', commandId: 'my-2', data: {} }] },
      },
      handle: async ({ body, ...caller }, reply) => {
        const inputs = readBulk(body, limits.bulkCommandsMax);
        rates.takeCommands(caller.principal.id, inputs.length, reply);
        return { outcomes: await submitMany(sink, inputs, caller) };
      },
    }),
  ];
}

function sendOutcome(reply: FastifyReply, outcome: Outcome): FastifyReply {
  return outcome.status === 'rejected'
    ? sendProblem(reply, problemOfRejection(outcome))
    : reply.send(outcome);
}

async function submitOne(sink: CommandSink, command: Command, { guard }: Caller): Promise<Outcome> {
  const [outcome] = await sink.submit([command], guard);
  if (outcome === undefined) throw new Error(`bug: ${command.type} got no outcome`);
  return outcome;
}

function readBulk(body: unknown, commandsMax: number): readonly unknown[] {
  const result = bulkSchema.safeParse(body);
  if (!result.success) {
    const errors = inputErrors(result.error, body, 'body');
    throw new RequestRefused(problem('request_invalid', inputErrorsText(errors), { errors }));
  }
  const { commands } = result.data;
  if (commands.length > commandsMax) {
    const detail = `${commands.length} commands came and at most ${commandsMax} may: send several requests`;
    throw new RequestRefused(problem('too_many_items', detail));
  }
  return commands;
}

/** One outcome each, in order. Malformed commands are answered here; the others are decided as if alone. */
async function submitMany(
  sink: CommandSink,
  inputs: readonly unknown[],
  caller: Caller,
): Promise<readonly (Outcome | RefusedJson)[]> {
  const commands: Command[] = [];
  const refused = new Map<number, RefusedJson>();
  for (const [index, input] of inputs.entries()) {
    const reading = readCommand(input, caller, `commands[${index}]`);
    if (reading.ok) commands.push(reading.command);
    else refused.set(index, refusedJson(reading));
  }
  const outcomes = await sink.submit(commands, caller.guard);
  if (outcomes.length !== commands.length) {
    throw new Error(`bug: ${commands.length} commands were answered with ${outcomes.length} outcomes`);
  }
  if (refused.size === 0) return outcomes;
  const decided = outcomes.values();
  const answers: (Outcome | RefusedJson)[] = [];
  for (let index = 0; index < inputs.length; index += 1) {
    const each = refused.get(index) ?? decided.next().value;
    if (each !== undefined) answers.push(each);
  }
  return answers;
}
