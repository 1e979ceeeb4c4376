/** Both formats say the same, each by its own rules. */
import { expect, it } from 'vitest';
import { Buckets } from '../../../adapters/metrics/buckets.ts';
import { expose } from '../../../adapters/metrics/exposition.ts';
import { createRegistry } from '../../../adapters/metrics/registry.ts';

const openMetrics = 'application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.5';

function sampleRegistry() {
  const registry = createRegistry();
  const seconds = new Buckets([0.1, 1]);
  seconds.observe(0.25);
  seconds.exemplify(0.25, 'abc-1', 1_700_000_000_500);
  registry.value({ name: 'docket_a_total', kind: 'counter', help: 'As.' }, () => [[{ on: 'a"b\\c\n' }, 3]]);
  registry.histogram({ name: 'docket_b_seconds', kind: 'histogram', help: 'Bs.' }, () => seconds);
  return registry;
}

it('writes OpenMetrics where the reader takes it, with exemplars and an end', async () => {
  const { mediaType, text } = await expose(await sampleRegistry().snapshot(), openMetrics);
  expect(mediaType).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8');
  expect(text.split('\n').slice(3)).toEqual([
    '# HELP docket_a As.',
    '# TYPE docket_a counter',
    'docket_a_total{on="a\\"b\\\\c\\n"} 3',
    '# HELP docket_b_seconds Bs.',
    '# TYPE docket_b_seconds histogram',
    'docket_b_seconds_bucket{le="0.1"} 0',
    'docket_b_seconds_bucket{le="1"} 1 # {request_id="abc-1"} 0.25 1700000000.5',
    'docket_b_seconds_bucket{le="+Inf"} 1',
    'docket_b_seconds_sum 0.25',
    'docket_b_seconds_count 1',
    '# EOF',
    '',
  ]);
});

it.each([undefined, '*/*', 'text/plain'])('writes text 0.0.4 for accept: %s', async (accept) => {
  const { mediaType, text } = await expose(await sampleRegistry().snapshot(), accept);
  expect(mediaType).toBe('text/plain; version=0.0.4; charset=utf-8');
  expect(text).toContain('# TYPE docket_a_total counter\ndocket_a_total{on="a\\"b\\\\c\\n"} 3\n');
  expect(text).not.toContain('request_id');
  expect(text).not.toContain('# EOF');
});
