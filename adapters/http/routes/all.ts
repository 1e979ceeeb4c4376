/** Every route that the server answers: what is not in this list does not exist. */
import type { HttpContext } from '../context.ts';
import type { Route } from '../route.ts';
import { commandRoutes } from './commands.ts';
import { documentationRoutes } from './documentation.ts';
import { eventRoutes } from './events.ts';
import { healthRoutes } from './health.ts';
import { throughputRoutes } from './throughput.ts';
import { ticketRoutes } from './tickets.ts';
import { workflowRoutes } from './workflows.ts';

export function allRoutes(context: HttpContext): readonly Route[] {
  const all: readonly Route[] = [
    ...commandRoutes(context),
    ...ticketRoutes(context),
    ...eventRoutes(context),
    ...throughputRoutes(context),
    ...workflowRoutes(context),
    ...healthRoutes(context),
    ...documentationRoutes(() => all, context.version),
  ];
  return all;
}
