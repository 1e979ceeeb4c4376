/**
 * The writing routes: open a ticket, one command to a ticket, and many commands at once. Whatever they
 * accept is durable when they answer; the engine behind `CommandSink` is the only one who decides.
 */
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import type { CommandSink, Outcome } from '../../../domain/ports.ts';
import type { Command } from '../../../domain/ticket/commands.ts';
import { ticketIdSchema } from '../../../domain/ticket/values.ts';
import type { HttpApp, HttpContext } from '../context.ts';
import { sendProblem } from '../failures.ts';
import { inputErrors, inputErrorsText } from '../input-errors.ts';
import { type MalformedJson, malformedJson } from '../outcome-json.ts';
import { problem, problemOfRejection, RequestRefused } from '../problem.ts';
import { readCommand, readCommandWith, triedType } from '../read-command.ts';

const bulkSchema = z.strictObject({ commands: z.array(z.unknown()) });

export function commandRoutes(app: HttpApp, { sink, limits }: HttpContext): void {
  app.post('/v1/tickets', async (request, reply) => {
    const outcome = await submitOne(sink, readCommandWith(request.body, { type: 'OpenTicket' }));
    if (outcome.status === 'rejected') return sendProblem(reply, problemOfRejection(outcome));
    reply.header('location', `/v1/tickets/${encodeURIComponent(outcome.ticketId)}`);
    return reply.code(201).send(outcome);
  });

  const params = z.strictObject({ ticketId: ticketIdSchema });
  app.post('/v1/tickets/:ticketId/commands', { schema: { params } }, async (request, reply) => {
    const { ticketId } = request.params;
    return sendOutcome(reply, await submitOne(sink, readCommandWith(request.body, { ticketId })));
  });

  app.post('/v1/commands', async (request) => {
    const inputs = readBulk(request.body, limits.bulkCommandsMax);
    return { outcomes: await submitMany(sink, inputs) };
  });
}

function sendOutcome(reply: FastifyReply, outcome: Outcome): FastifyReply {
  return outcome.status === 'rejected'
    ? sendProblem(reply, problemOfRejection(outcome))
    : reply.send(outcome);
}

async function submitOne(sink: CommandSink, command: Command): Promise<Outcome> {
  const [outcome] = await sink.submit([command]);
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
): Promise<readonly (Outcome | MalformedJson)[]> {
  const commands: Command[] = [];
  const malformed = new Map<number, MalformedJson>();
  for (const [index, input] of inputs.entries()) {
    const reading = readCommand(input, `commands[${index}]`);
    if (reading.ok) commands.push(reading.command);
    else malformed.set(index, malformedJson(reading.errors, triedType(input)));
  }
  const outcomes = await sink.submit(commands);
  if (outcomes.length !== commands.length) {
    throw new Error(`bug: ${commands.length} commands were answered with ${outcomes.length} outcomes`);
  }
  if (malformed.size === 0) return outcomes;
  const decided = outcomes.values();
  const answers: (Outcome | MalformedJson)[] = [];
  for (let index = 0; index < inputs.length; index += 1) {
    const each = malformed.get(index) ?? decided.next().value;
    if (each !== undefined) answers.push(each);
  }
  return answers;
}
