/** What `docket doctor` could have seen, all well unless a test says otherwise. */
import type { Facts, Seen } from '../../scripts/doctor/seen.ts';
import type { Sample } from '../../scripts/measuring/sample.ts';

export const nowMs = Date.UTC(2026, 10, 21, 12);
const gibibyte = 1024 ** 3;

export const healthyFacts: Facts = {
  server: { state: 'answering', pid: 4242, url: 'http://127.0.0.1:7420' },
  cores: 2,
  process: {
    seen: { pid: 4242, openFiles: 60, filesSoftMax: 65_536, filesHardMax: 65_536, connectionsMax: 16_384 },
  },
  machineCpu: { seen: { busy: 0.2, postgres: 0.05, serverWaited: 0.02, seconds: 10 } },
  sockets: {
    seen: {
      backlog: 511,
      somaxconn: 4_096,
      synBacklogMax: 2_048,
      queuedMost: 0,
      overflows: 0,
      overflowsWatched: 0,
    },
  },
  files: { seen: { looked: 12, wide: [] } },
  events: {
    seen: {
      events: 10_000,
      tickets: 800,
      fromMs: nowMs - 60_000,
      toMs: nowMs,
      busiest: [{ ticketId: 'REQ0000001', events: 40 }],
    },
  },
  database: {
    seen: {
      statements: { seen: { source: 'pg_stat_statements', statements: [], over: 'ever' } },
      running: [],
      clock: { seen: { aheadMs: 0.4, withinMs: 0.5 } },
      parked: { seen: [] },
    },
  },
  disk: { seen: { freeBytes: 70 * gibibyte, bytes: 250 * gibibyte } },
};

/** A server at a steady load: 200 requests and transitions a second, `second` after `nowMs`. */
export function steadySample(second: number): Sample {
  const served = 200 * (second + 100_000);
  return {
    atMs: nowMs + second * 1_000,
    startedAtSeconds: nowMs / 1_000 - 100_000,
    transitions: served,
    commandsAnswered: served,
    commandsContended: 0,
    commandsUnanswered: 2,
    commandSeconds: {
      count: served,
      upTo: [
        [0, 0],
        [0.005, served * 0.98],
        [0.01, served],
      ],
    },
    requests: served,
    requestsThrottled: 0,
    requestsOverloaded: 0,
    requestsFailed: 0,
    requestsInFlight: 3,
    connectionResets: 0,
    connectionTimeouts: 0,
    serverCpuSeconds: 0.3 * (second + 100_000),
    serverResidentBytes: 300 * 1024 ** 2,
    serverHeapLimitBytes: 2 * gibibyte,
    serverHeapAfterMajorGcBytes: 100 * 1024 ** 2 + (Math.round(second * 7.3) % 11) * 50_000,
    serverMajorCollections: Math.floor((second + 100_000) / 2),
    projectorCpuSeconds: 0.1 * (second + 100_000),
    projectorRunning: 1,
    lagEvents: 20 + (Math.round(second * 3.7) % 5),
    lagSeconds: 0.1,
    parkedTickets: 0,
    databaseActive: 1,
    databaseSeconds: {
      count: served,
      upTo: [
        [0, 0],
        [0.01, served],
      ],
    },
    diskFreeBytes: 70 * gibibyte,
  };
}

/** Samples each `everySeconds`, the last one now; `change` makes of each what the test is about. */
export function samplesOf(
  count: number,
  everySeconds: number,
  change: (index: number) => Partial<Sample> = () => ({}),
): readonly Sample[] {
  return Array.from({ length: count }, (_, index) => ({
    ...steadySample((index - count + 1) * everySeconds),
    ...change(index),
  }));
}

export function seenWith({
  facts,
  ...other
}: Partial<Omit<Seen, 'facts'>> & { facts?: Partial<Facts> } = {}): Seen {
  return {
    nowMs,
    live: samplesOf(11, 1),
    history: samplesOf(360, 10).slice(0, -1),
    noLive: undefined,
    ...other,
    facts: { ...healthyFacts, ...facts },
  };
}
