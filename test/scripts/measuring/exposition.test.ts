/** The reader of Prometheus' text, which figures of load tests and of `docket doctor` are taken from. */
import { describe, expect, it } from 'vitest';
import { readExposition, sumOf } from '../../../scripts/measuring/exposition.ts';

const text = [
  '# HELP docket_http_requests HTTP requests.',
  '# TYPE docket_http_requests counter',
  'docket_http_requests_total{method="GET",route="/v1/tickets/{id}",status="200"} 41',
  'docket_http_requests_total{method="POST",route="/v1/tickets",status="201"} 1e3 # {request_id="a} 5"} 0.25 1.7',
  'odd{words="a \\"quoted\\" } 7, and\\na line"} +Inf',
  'docket_projection_lag_events 0',
  'what is this',
  '# EOF',
].join('\n');

describe('what an exporter answers with', () => {
  const exposition = readExposition(text);

  it('is read with its labels, whatever they hold', () => {
    expect(exposition.get('docket_http_requests_total')).toEqual([
      { labels: { method: 'GET', route: '/v1/tickets/{id}', status: '200' }, value: 41 },
      { labels: { method: 'POST', route: '/v1/tickets', status: '201' }, value: 1_000 },
    ]);
    expect(exposition.get('odd')).toEqual([
      { labels: { words: 'a "quoted" } 7, and\na line' }, value: Number.POSITIVE_INFINITY },
    ]);
  });

  it('passes over lines that mean nothing to it', () => {
    expect([...exposition.keys()]).toEqual([
      'docket_http_requests_total',
      'odd',
      'docket_projection_lag_events',
    ]);
  });

  it('adds up what has the labels asked for', () => {
    expect(sumOf(exposition, 'docket_http_requests_total')).toBe(1_041);
    expect(sumOf(exposition, 'docket_http_requests_total', { method: 'GET' })).toBe(41);
    expect(sumOf(exposition, 'docket_projection_lag_events')).toBe(0);
    expect(sumOf(exposition, 'docket_http_requests_total', { method: 'PUT' })).toBeUndefined();
  });
});
