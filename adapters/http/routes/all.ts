/** Every route that the server answers: what is not in this list does not exist. */
import type { HttpContext } from '../context.ts';
import { IdempotentAnswers } from '../idempotency.ts';
import type { Route } from '../route.ts';
import { accessRoutes } from './access.ts';
import { bulkRoutes } from './bulk.ts';
import { commandRoutes } from './commands.ts';
import { documentationRoutes } from './documentation.ts';
import { eventRoutes } from './events.ts';
import { healthRoutes } from './health.ts';
import { patchRoutes } from './patch.ts';
import { throughputRoutes } from './throughput.ts';
import { ticketListRoutes } from './ticket-list.ts';
import { ticketMetricsRoutes } from './ticket-metrics.ts';
import { ticketRoutes } from './tickets.ts';
import { webhookRoutes } from './webhooks.ts';
import { workflowRoutes } from './workflows.ts';

export function allRoutes(context: HttpContext): readonly Route[] {
  // One memory of answers: a key that was used on one route is known on the others.
  const answers = new IdempotentAnswers(context.limits);
  const all: readonly Route[] = [
    ...commandRoutes(context, answers),
    ...patchRoutes(context, answers),
    ...bulkRoutes(context, answers),
    ...ticketListRoutes(context),
    ...ticketRoutes(context),
    ...ticketMetricsRoutes(context),
    ...eventRoutes(context),
    ...throughputRoutes(context),
    ...workflowRoutes(context),
    ...accessRoutes(context),
    ...webhookRoutes(context),
    ...healthRoutes(context),
    ...documentationRoutes(() => all, context.version),
  ];
  return all;
}
