/** A ticket as JSON: its state after its events so far, and what may be done with it now. */
import { z } from 'zod';
import type { SlaClock } from '../../domain/sla/clock.ts';
import { linkRelations } from '../../domain/ticket/commands.ts';
import type { TicketState } from '../../domain/ticket/state.ts';
import { actorSchema, fieldsSchema, ticketIdSchema } from '../../domain/ticket/values.ts';
import { legalFrom } from '../../domain/workflow/legal.ts';
import type { Workflows } from '../../domain/workflow/registry.ts';
import { categories } from '../../domain/workflow/transition.ts';
import { isoTime } from './event-json.ts';
import { legalCommandSchema } from './outcome-json.ts';

const relations = [
  ...linkRelations,
  'follow_up_of',
  'follow_up',
  'split_from',
  'split_off',
  'merged',
] as const;

/** What GET /v1/tickets/:ticketId answers. Members without a value are left out. */
export const ticketJsonSchema = z.object({
  ticketId: ticketIdSchema,
  partition: z.int(),
  /** The ticket is told as it was at this position of its partition. */
  position: z.int(),
  revision: z.int(),
  workflow: z.string(),
  state: z.string(),
  lifecycle: z.string(),
  category: z.enum(categories),
  final: z.boolean(),
  /** The state of each region, by the region's name. */
  regions: z.record(z.string(), z.string()),
  openedAt: z.string(),
  openedBy: actorSchema,
  requester: z.string().optional(),
  assignee: z.string().optional(),
  group: z.string().optional(),
  offer: z.object({ agent: z.string(), expiresAt: z.string() }).optional(),
  hold: z
    .object({ reason: z.string(), until: z.string().optional(), timerId: z.string().optional() })
    .optional(),
  resolvedAt: z.string().optional(),
  resolutionCode: z.string().optional(),
  mergedInto: ticketIdSchema.optional(),
  links: z.array(z.object({ ticket: ticketIdSchema, relation: z.enum(relations) })),
  fields: fieldsSchema,
  /** The last SLA clock of each metric. */
  clocks: z
    .array(
      z.object({
        clock: z.string(),
        policy: z.string(),
        priority: z.string().optional(),
        targetMs: z.int(),
        state: z.enum(['running', 'paused', 'fulfilled', 'cancelled']),
        dueAt: z.string().optional(),
        breached: z.boolean(),
      }),
    )
    .optional(),
  legal: z.array(legalCommandSchema),
});
export type TicketJson = z.infer<typeof ticketJsonSchema>;

type LegalJson = Omit<TicketJson, 'legal' | 'links'> & {
  readonly legal: ReturnType<typeof legalFrom>;
  readonly links: TicketState['links'];
};

export function ticketJson(
  ticket: TicketState,
  at: { readonly partition: number; readonly position: number },
  workflows: Workflows,
): LegalJson {
  const workflow = workflows.get(ticket.workflow);
  const state = workflows.stateOf(ticket);
  const { offer, hold } = ticket;
  return {
    ticketId: ticket.ticketId,
    ...at,
    revision: ticket.revision,
    workflow: ticket.workflow,
    state: ticket.state,
    lifecycle: state.lifecycle,
    category: state.category,
    final: state.final,
    regions: Object.fromEntries(
      workflow.regions.map((region, index) => [region.name, state.values[index] ?? '']),
    ),
    openedAt: isoTime(ticket.openedAt),
    openedBy: ticket.openedBy,
    requester: ticket.requester,
    assignee: ticket.assignee,
    group: ticket.group,
    offer: offer && { agent: offer.agent, expiresAt: isoTime(offer.expiresAt) },
    hold: hold && { ...hold, until: hold.until === undefined ? undefined : isoTime(hold.until) },
    resolvedAt: ticket.resolvedAt === undefined ? undefined : isoTime(ticket.resolvedAt),
    resolutionCode: ticket.resolutionCode,
    mergedInto: ticket.mergedInto,
    links: ticket.links,
    fields: ticket.fields,
    clocks: ticket.clocks?.map(clockJson),
    legal: legalFrom(workflow, state),
  };
}

function clockJson({ clock, policy, priority, targetMs, state, dueAt, breached }: SlaClock) {
  const due = dueAt === undefined ? undefined : isoTime(dueAt);
  return { clock, policy, priority, targetMs, state, dueAt: due, breached };
}
