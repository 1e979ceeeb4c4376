/** The read models that come with Docket. */
import { awaitPositionFunction } from './await-position.ts';
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
import { backlogNow, ticketAge, ticketDay } from './views/backlog.ts';
import { agentWorkloadNow, deskNow, groupWorkloadNow, transitionsNow } from './views/desk.ts';
import { metricPercentiles } from './views/percentiles.ts';
import { directlyFollows, handovers, pingPong, processVariant, sojournPercentiles } from './views/process.ts';
import { firstContactResolution, reopenRate, rework, satisfaction } from './views/quality.ts';
import { slaAttainmentPeriod, slaDueSoon, slaEvent } from './views/sla.ts';
import { sourceClaims } from './views/source-claims.ts';

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
export const analystViews: readonly Relation[] = [
  awaitPositionFunction,
  ticketMetricsNow,
  ticketDay,
  backlogNow,
  ticketAge,
  metricPercentiles,
  directlyFollows,
  processVariant,
  sojournPercentiles,
  handovers,
  pingPong,
  rework,
  reopenRate,
  firstContactResolution,
  satisfaction,
  agentWorkloadNow,
  groupWorkloadNow,
  slaAttainmentView,
  slaAttainmentPeriod,
  slaEvent,
  slaDueSoon,
  transitionsNow,
  deskNow,
  sourceClaims,
];
