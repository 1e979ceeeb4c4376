/** Every route that the server answers: what is not in this list does not exist. */
import type { HttpContext } from '../context.ts';
import type { Route } from '../route.ts';
import { commandRoutes } from './commands.ts';
import { healthRoutes } from './health.ts';
import { throughputRoutes } from './throughput.ts';
import { ticketListRoutes } from './ticket-list.ts';
import { ticketMetricsRoutes } from './ticket-metrics.ts';
import { ticketRoutes } from './tickets.ts';
import { workflowRoutes } from './workflows.ts';

export function allRoutes(context: HttpContext): readonly Route[] {
  return [
    commandRoutes,
    ticketListRoutes,
    ticketRoutes,
    ticketMetricsRoutes,
    throughputRoutes,
    workflowRoutes,
    healthRoutes,
  ].flatMap((routes) => routes(context));
}
