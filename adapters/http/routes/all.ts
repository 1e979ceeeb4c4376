/** Every route that the server answers: what is not in this list does not exist. */
import type { HttpContext } from '../context.ts';
import type { Route } from '../route.ts';
import { commandRoutes } from './commands.ts';
import { healthRoutes } from './health.ts';
import { throughputRoutes } from './throughput.ts';
import { ticketRoutes } from './tickets.ts';
import { webhookRoutes } from './webhooks.ts';
import { workflowRoutes } from './workflows.ts';

export function allRoutes(context: HttpContext): readonly Route[] {
  return [commandRoutes, ticketRoutes, throughputRoutes, workflowRoutes, webhookRoutes, healthRoutes].flatMap(
    (routes) => routes(context),
  );
}
