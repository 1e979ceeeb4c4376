/** The read models that come with Docket. */
import type { Projection } from './projection.ts';
import { throughputProjection } from './throughput.ts';
import { ticketProjection } from './ticket.ts';
import { ticketEventProjection } from './ticket-event.ts';
import { ticketResolutionProjection } from './ticket-resolution.ts';

export const readModels: readonly Projection[] = [
  ticketEventProjection,
  ticketProjection,
  ticketResolutionProjection,
  throughputProjection,
];
