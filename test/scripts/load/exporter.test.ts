/** Figures of a server's exporter, of one or several servers, and quantiles between two looks. */
import { describe, expect, it } from 'vitest';
import { figuresOf, quantileBetween } from '../../../scripts/load/exporter.ts';
import { readExposition } from '../../../scripts/measuring/exposition.ts';

const exposition = readExposition(`
docket_heap_after_major_gc_bytes{process="server"} 1000
docket_heap_after_major_gc_bytes{process="projector"} 7000
docket_gc_duration_seconds_count{process="server",kind="major"} 3
nodejs_eventloop_delay_seconds{process="server",percentile="99"} 0.012
process_open_fds{process="server"} 40
docket_database_connections{state="active"} 2
docket_database_connections{state="idle"} 5
docket_projection_lag_events{projection="ticket"} 9
docket_projection_lag_events{projection="throughput"} 11
docket_log_position{partition="0"} 500
docket_database_query_duration_seconds_bucket{le="0.01"} 90
docket_database_query_duration_seconds_bucket{le="0.1"} 100
docket_database_query_duration_seconds_bucket{le="+Inf"} 100
`);

describe('figures of servers', () => {
  it('are those of the server process, the worst of the projections', () => {
    expect(figuresOf([exposition]).figures).toEqual({
      heapAfterMajorGcBytes: 1_000,
      majorCollections: 3,
      eventLoopDelayP99Ms: 12,
      openFiles: 40,
      databaseConnections: 7,
      lagEvents: 11,
      lagSeconds: undefined,
      position: 500,
    });
  });

  it('add up over servers, but not what they share', () => {
    const { figures, database } = figuresOf([exposition, exposition]);
    expect(figures).toMatchObject({ openFiles: 80, databaseConnections: 14, position: 500, lagEvents: 11 });
    expect(database.map(({ count }) => count)).toEqual([180, 200, 200]);
  });

  it('are undefined where nothing answers', () => {
    expect(Object.values(figuresOf([]).figures).every((value) => value === undefined)).toBe(true);
  });
});

describe('a quantile between two looks', () => {
  const looks = (low: number, high: number, beyond: number) => [
    { upTo: 0.01, count: low },
    { upTo: 0.1, count: high },
    { upTo: Number.POSITIVE_INFINITY, count: beyond },
  ];

  it('is linear within its bucket', () => {
    expect(quantileBetween([], looks(90, 100, 100), 0.99)).toBeCloseTo(0.01 + 0.09 * 0.9, 10);
    expect(quantileBetween([], looks(100, 100, 100), 0.5)).toBeCloseTo(0.005, 10);
  });

  it('leaves out what was counted before', () => {
    expect(quantileBetween(looks(0, 1_000, 1_000), looks(100, 1_100, 1_100), 0.99)).toBeCloseTo(0.0099, 10);
  });

  it('is the last bound where it lies beyond', () => {
    expect(quantileBetween([], looks(1, 2, 100), 0.99)).toBe(0.1);
  });

  it('is unknown where nothing was counted', () => {
    expect(quantileBetween(looks(1, 2, 3), looks(1, 2, 3), 0.99)).toBeUndefined();
    expect(quantileBetween([], [], 0.99)).toBeUndefined();
  });
});
