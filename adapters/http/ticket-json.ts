/**
 * A ticket as JSON: its state after its events so far, and what may be done with it now. What the reader may
 * not see is not there, just as what the ticket does not have.
 */
import { z } from 'zod';
import type { Guard, TicketView } from '../../domain/access/guard.ts';
import { shownFields } from '../../domain/access/redact.ts';
import type { SlaClock } from '../../domain/sla/clock.ts';
import { linkRelations } from '../../domain/ticket/commands.ts';
import type { TicketState } from '../../domain/ticket/state.ts';
import { actorSchema, fieldsSchema, ticketIdSchema } from '../../domain/ticket/values.ts';
import { type LegalCommand, legalFrom } from '../../domain/workflow/legal.ts';
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

const legalHereSchema = legalCommandSchema.extend({
  allowed: z.boolean().meta({
    description:
      'Whether the access rules let the caller give the command; what the command brings may still matter.',
  }),
});

/** What GET /v1/tickets/:ticketId answers. Members without a value are left out, and so are hidden ones. */
export const ticketJsonSchema = z.object({
  ticketId: ticketIdSchema,
  partition: z.int(),
  /** The ticket is told as it was at this position of its partition. */
  position: z.int(),
  revision: z.int(),
  workflow: z.string(),
  state: z.string().optional(),
  lifecycle: z.string().optional(),
  category: z.enum(categories).optional(),
  final: z.boolean().optional(),
  /** The state of each region, by the region's name. */
  regions: z.record(z.string(), z.string()).optional(),
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
  links: z.array(z.object({ ticket: ticketIdSchema, relation: z.enum(relations) })).optional(),
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
  legal: z.array(legalHereSchema).optional(),
});
export type TicketJson = z.infer<typeof ticketJsonSchema>;

type ReadonlyJson = Omit<TicketJson, 'legal' | 'links'> & {
  readonly legal: readonly LegalHere[] | undefined;
  readonly links: TicketState['links'] | undefined;
};

/** The ticket as `guard` sees it; `view` is the guard's own of this ticket. */
export function ticketJson(
  ticket: TicketState,
  at: { readonly partition: number; readonly position: number },
  workflows: Workflows,
  view: TicketView,
  guard: Pick<Guard, 'may'>,
): ReadonlyJson {
  const { offer, resolvedAt } = ticket;
  const assigned = view.shows('assignee');
  const resolved = view.shows('resolution');
  const linked = view.shows('links');
  return {
    ticketId: ticket.ticketId,
    ...at,
    revision: ticket.revision,
    workflow: ticket.workflow,
    ...stateJson(ticket, workflows, view),
    openedAt: isoTime(ticket.openedAt),
    openedBy: ticket.openedBy,
    requester: view.shows('requester') ? ticket.requester : undefined,
    assignee: assigned ? ticket.assignee : undefined,
    group: view.shows('group') ? ticket.group : undefined,
    offer: assigned && offer ? { agent: offer.agent, expiresAt: isoTime(offer.expiresAt) } : undefined,
    resolvedAt: !resolved || resolvedAt === undefined ? undefined : isoTime(resolvedAt),
    resolutionCode: resolved ? ticket.resolutionCode : undefined,
    mergedInto: linked ? ticket.mergedInto : undefined,
    links: linked ? ticket.links : undefined,
    fields: view.complete ? ticket.fields : shownFields(ticket.fields, view),
    clocks: view.shows('sla') ? ticket.clocks?.map((clock) => clockJson(clock, view)) : undefined,
    legal: legalJson(ticket, workflows, view, guard),
  };
}

/** Where the ticket is in its workflow, which is hidden or shown as one. */
function stateJson(ticket: TicketState, workflows: Workflows, view: TicketView) {
  if (!view.shows('state')) return {};
  const workflow = workflows.get(ticket.workflow);
  const { lifecycle, category, final, values } = workflows.stateOf(ticket);
  const { hold } = ticket;
  return {
    state: ticket.state,
    lifecycle,
    category,
    final,
    regions: Object.fromEntries(workflow.regions.map(({ name }, index) => [name, values[index] ?? ''])),
    hold: hold && { ...hold, until: hold.until === undefined ? undefined : isoTime(hold.until) },
  };
}

function legalJson(
  ticket: TicketState,
  workflows: Workflows,
  view: TicketView,
  guard: Pick<Guard, 'may'>,
): ReadonlyJson['legal'] {
  if (!view.shows('state')) return undefined;
  const legal = legalFrom(workflows.get(ticket.workflow), workflows.stateOf(ticket));
  let allowed = 0;
  for (let index = 0; index < legal.length; index += 1) {
    const command = legal[index]?.command;
    if (command !== undefined && guard.may(command, ticket)) allowed += 2 ** index;
  }
  return legalHere(legal, allowed);
}

export type LegalHere = LegalCommand & { readonly allowed: boolean };

/** Lists that are kept for one state; most callers share a few. */
const legalsKeptMax = 64;
const legalsHere = new WeakMap<readonly LegalCommand[], Map<number, readonly LegalHere[]>>();

/**
 * The same list each time, so that what is made of it can be kept. `allowed` has a bit for each command that
 * the caller may give.
 */
function legalHere(legal: readonly LegalCommand[], allowed: number): readonly LegalHere[] {
  let lists = legalsHere.get(legal);
  if (lists === undefined) {
    lists = new Map();
    legalsHere.set(legal, lists);
  }
  const known = lists.get(allowed);
  if (known !== undefined) return known;
  const list = legal.map((each, index) => ({ ...each, allowed: Math.floor(allowed / 2 ** index) % 2 === 1 }));
  if (lists.size < legalsKeptMax) lists.set(allowed, list);
  return list;
}

function clockJson(
  { clock, policy, priority, targetMs, state, dueAt, breached }: SlaClock,
  view: TicketView,
) {
  const due = dueAt === undefined ? undefined : isoTime(dueAt);
  const shown = view.shows('priority') ? priority : undefined;
  return { clock, policy, priority: shown, targetMs, state, dueAt: due, breached };
}
