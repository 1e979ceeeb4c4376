/**
 * Commands as callers write them. They differ from the domain's in one thing: `actor` may be left out, and is
 * then whoever the credential stands for.
 */
import { z } from 'zod';
import { commandSchema } from '../../domain/ticket/commands.ts';
import { actorSchema } from '../../domain/ticket/values.ts';

const [first, ...others] = commandSchema.options.map((option) =>
  option.extend({ actor: actorSchema.optional() }),
);
if (first === undefined) throw new Error('bug: there are no commands');

/** Any command, told apart by `type`. */
export const commandBodySchema = z.discriminatedUnion('type', [first, ...others]);

const opening = commandSchema.options.find((option) => option.shape.type.value === 'OpenTicket');
if (opening === undefined) throw new Error('bug: there is no command that opens a ticket');

/** The command that opens a ticket, where the address says already which it is. */
export const openingBodySchema = opening.extend({
  actor: actorSchema.optional(),
  type: z.literal('OpenTicket').optional(),
});
