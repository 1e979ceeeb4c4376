/** The list of metrics in docs/ is the one that they are made from. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { allMetrics, metricList, metricsFile } from '../../scripts/metric-list.ts';

it('is up to date', () => {
  const help = 'it is out of date: run `node scripts/metric-list.ts --write`';
  expect(readFileSync(metricsFile, 'utf8') === metricList(), help).toBe(true);
});

it('has each metric once, named by what Prometheus expects', () => {
  const names = allMetrics.map(({ name }) => name);
  expect(names).toHaveLength(new Set(names).size);
  for (const { name, kind } of allMetrics)
    expect([name, kind === 'counter']).toEqual([name, name.endsWith('_total')]);
});
