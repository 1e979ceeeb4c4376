/** The table of everything that `docket doctor` looks for. Each is a pure function of what was seen. */
import type { Finding, PatternName } from './finding.ts';
import { worstFirst } from './finding.ts';
import { acceptQueue } from './patterns/accept-queue.ts';
import { clock } from './patterns/clock.ts';
import { connectionBursts } from './patterns/connection-bursts.ts';
import { cpu } from './patterns/cpu.ts';
import { diskSpace } from './patterns/disk-space.ts';
import { fileDescriptors } from './patterns/file-descriptors.ts';
import { hotTicket } from './patterns/hot-ticket.ts';
import { lagGrowing } from './patterns/lag-growing.ts';
import { memorySawtooth } from './patterns/memory-sawtooth.ts';
import { parkedTickets } from './patterns/parked-tickets.ts';
import { permissions } from './patterns/permissions.ts';
import { slowQueries } from './patterns/slow-queries.ts';
import { throughputFlatline } from './patterns/throughput-flatline.ts';
import type { Seen } from './seen.ts';

export type Recognise = (seen: Seen) => readonly Finding[];

export const patterns: Readonly<Record<PatternName, Recognise>> = {
  memory_sawtooth: memorySawtooth,
  throughput_flatline: throughputFlatline,
  lag_growing: lagGrowing,
  hot_ticket: hotTicket,
  slow_queries: slowQueries,
  connection_bursts: connectionBursts,
  file_descriptors: fileDescriptors,
  accept_queue: acceptQueue,
  cpu,
  permissions,
  parked_tickets: parkedTickets,
  disk_space: diskSpace,
  clock,
};

/** At least one finding of each pattern, worst first. */
export function recogniseAll(seen: Seen): readonly Finding[] {
  return worstFirst(Object.values(patterns).flatMap((recognise) => recognise(seen)));
}
