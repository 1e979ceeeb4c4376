/** The read models that come with Docket. */
import type { Projection } from './projection.ts';
import { slaAttainmentView } from './sla-attainment.ts';
import { slaClockProjection } from './sla-clock.ts';
import { throughputProjection } from './throughput.ts';
import { ticketProjection } from './ticket.ts';
import { ticketEventProjection } from './ticket-event.ts';
import { ticketResolutionNow, ticketResolutionProjection } from './ticket-resolution.ts';
import type { Relation } from './view.ts';

export const readModels: readonly Projection[] = [
  ticketEventProjection,
  ticketProjection,
  ticketResolutionProjection,
  throughputProjection,
  slaClockProjection,
];

/** What analysts ask beside the tables, in an order in which each stands only on those before it. */
export const analystViews: readonly Relation[] = [ticketResolutionNow, slaAttainmentView];
