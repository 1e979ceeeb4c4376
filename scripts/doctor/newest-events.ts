/** Which tickets the newest events are of. Read from the log itself, as no metric may name a ticket. */
import type { EventReader } from '../../domain/ports.ts';
import type { EventFacts } from './seen.ts';

const eventsMax = 10_000;
const busiestMax = 10;

/** The newest events since then, as many as that from all partitions together. */
export async function lookAtEvents(reader: EventReader, sinceMs: number): Promise<EventFacts> {
  const counts = new Map<string, number>();
  const times = { fromMs: Number.POSITIVE_INFINITY, toMs: 0 };
  let events = 0;
  const each = Math.ceil(eventsMax / reader.partitions);
  for (let partition = 0; partition < reader.partitions; partition += 1) {
    const head = await reader.head(partition);
    if (head === 0) continue;
    for await (const batch of reader.read(Math.max(1, head - each + 1), { partition })) {
      for (const { ticketId, recordedAt, position } of batch) {
        if (recordedAt < sinceMs || position > head) continue;
        events += 1;
        counts.set(ticketId, (counts.get(ticketId) ?? 0) + 1);
        times.fromMs = Math.min(times.fromMs, recordedAt);
        times.toMs = Math.max(times.toMs, recordedAt);
      }
    }
  }
  const busiest = [...counts]
    .map(([ticketId, count]) => ({ ticketId, events: count }))
    .sort((a, b) => b.events - a.events)
    .slice(0, busiestMax);
  return { events, tickets: counts.size, busiest, ...(events === 0 ? { fromMs: 0, toMs: 0 } : times) };
}
