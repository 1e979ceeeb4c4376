/**
 * Many commands in one request: a JSON array of them, answered when all are durable, or a stream of lines,
 * answered line by line as it comes. Each command is decided as if it were alone.
 */
import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import type { CommandSink, Outcome } from '../../../domain/ports.ts';
import type { Command } from '../../../domain/ticket/commands.ts';
import { type HttpAnswer, jsonHeaders } from '../answer.ts';
import { jsonMediaType, linesMediaType } from '../body.ts';
import { answerBulk } from '../bulk-stream.ts';
import { commandBodySchema } from '../command-schemas.ts';
import type { HttpContext } from '../context.ts';
import type { Asked, IdempotentAnswers } from '../idempotency.ts';
import { inputErrors, inputErrorsText } from '../input-errors.ts';
import { bulkLineSchema, outcomesSchema, type RefusedJson, refusedJson } from '../outcome-json.ts';
import { problem, RequestRefused } from '../problem.ts';
import { wholeNumber } from '../query-values.ts';
import { readCommand } from '../read-command.ts';
import { type Caller, type Route, route } from '../route.ts';
import { idempotencyHeaders } from '../write-ticket.ts';

const exampleCommand = { type: 'StartWork', ticketId: 'REQ0000001', commandId: 'my-2', data: {} };

const bulkSchema = z.strictObject({ commands: z.array(z.unknown()) });

const description = `\
As \`${jsonMediaType}\`: an object with an array of commands, answered when all of them are durable. As \
\`${linesMediaType}\`: one command a line, of any number, answered by one outcome a line, in order, while \
further lines come; each outcome names its line. A line that is no command is rejected and the stream goes \
on. The last line of the answer has \`done\` with what was counted, or \`problem\` with why the stream ended \
early and in \`line\` up to which line everything was answered. With an Idempotency-Key every command without \
a commandId gets one from the key and its line, so that after a broken connection the same stream can be sent \
again, from its beginning or from any line with \`first-line\`: what was accepted before gets its first \
outcome and is not done twice.`;

export function bulkRoutes(context: HttpContext, answers: IdempotentAnswers): readonly Route[] {
  const { sink, limits, rates } = context;
  return [
    route({
      id: 'commandMany',
      method: 'POST',
      path: '/v1/commands',
      group: 'Commands',
      summary: 'Many commands at once, or a stream of them',
      description,
      scope: 'tickets:write',
      lane: 'bulk',
      query: z.strictObject({
        'first-line': wholeNumber(1, Number.MAX_SAFE_INTEGER - limits.bulkLinesMax)
          .default(1)
          .meta({ description: 'The number of the first line that is sent, where the others came before.' }),
      }),
      headers: z.object(idempotencyHeaders(context.limits)),
      body: {
        schema: z.strictObject({ commands: z.array(commandBodySchema) }),
        lines: commandBodySchema,
        checked: 'by handler',
        mediaTypes: [jsonMediaType, linesMediaType],
      },
      answers: {
        200: {
          meaning: 'One outcome for each command, in order.',
          schema: outcomesSchema,
          lines: bulkLineSchema,
        },
      },
      problems: ['too_many_items', 'idempotency_in_flight', 'idempotency_key_reused'],
      example: {
        body: { commands: [exampleCommand] },
        lines: `${JSON.stringify(exampleCommand)}\n`,
      },
      handle: ({ query, body, ...asked }, reply) => {
        if (body instanceof Readable) {
          return answerStream(
            asked,
            reply,
            { input: body, firstLine: query['first-line'] },
            context,
            answers,
          );
        }
        return answers.answer(asked, reply, async (commandId) => {
          const inputs = readBulk(body, limits.bulkCommandsMax);
          rates.takeCommands(asked.principal.id, inputs.length, reply);
          return answerOf(await submitMany(sink, inputs, asked, commandId));
        });
      },
    }),
  ];
}

function answerStream(
  asked: Asked,
  reply: FastifyReply,
  stream: { readonly input: Readable; readonly firstLine: number },
  { sink, limits, load, rates, stopping, report }: HttpContext,
  answers: IdempotentAnswers,
): FastifyReply {
  const { commandId, release } = answers.hold(asked);
  asked.raw.hasOwnBounds = true;
  const { input, firstLine } = stream;
  const request = asked.raw.raw;
  const lines = answerBulk({
    ...{ caller: asked, input, request, firstLine, commandId, sink, limits, load, stopping },
    pace: (commands) => rates.paceCommands(asked.principal.id, commands),
    onEnd: release,
    report: (error) => report(error, asked.raw),
  });
  return reply.type(linesMediaType).send(lines);
}

function answerOf(outcomes: readonly (Outcome | RefusedJson)[]): HttpAnswer {
  return { status: 200, headers: jsonHeaders, body: JSON.stringify({ outcomes }) };
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
  commandId: string | undefined,
): Promise<readonly (Outcome | RefusedJson)[]> {
  const commands: Command[] = [];
  const refused = new Map<number, RefusedJson>();
  for (const [index, input] of inputs.entries()) {
    const reading = readCommand(input, caller, `commands[${index}]`);
    if (!reading.ok) refused.set(index, refusedJson(reading));
    else if (commandId === undefined || reading.command.commandId !== undefined)
      commands.push(reading.command);
    else commands.push({ ...reading.command, commandId: `${commandId}:${index + 1}` });
  }
  const outcomes = await sink.submit(commands, caller.guard, caller.requestId);
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
