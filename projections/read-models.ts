/** The read models that come with Docket. */
import type { Projection } from './projection.ts';
import { slaAttainmentView } from './sla-attainment.ts';
import { slaClockProjection } from './sla-clock.ts';
import { throughputProjection } from './throughput.ts';
import { ticketProjection } from './ticket.ts';
import { ticketEventProjection } from './ticket-event.ts';
import { ticketFieldHistoryProjection } from './ticket-field-history.ts';
import { ticketIntervalProjection } from './ticket-interval.ts';
import { ticketLinkProjection } from './ticket-link.ts';
import { ticketMetricsProjection } from './ticket-metrics.ts';
import { ticketMetricsNow } from './ticket-metrics-now.ts';
import type { Relation } from './view.ts';

export const readModels: readonly Projection[] = [
  ticketEventProjection,
  ticketProjection,
  ticketMetricsProjection,
  ticketIntervalProjection,
  ticketFieldHistoryProjection,
  ticketLinkProjection,
  throughputProjection,
  slaClockProjection,
];

/** What analysts ask beside the tables, in an order in which each stands only on those before it. */
export const analystViews: readonly Relation[] = [ticketMetricsNow, slaAttainmentView];
