/** The port of metrics: what it answers, and that it answers nothing else. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { buildExporter } from '../../../adapters/metrics/exporter.ts';
import { createRegistry } from '../../../adapters/metrics/registry.ts';

const registry = createRegistry();
let readings = 0;
registry.value({ name: 'docket_read', kind: 'gauge', help: 'How often it was read.' }, async () => {
  readings += 1;
  return readings;
});
const exporter = buildExporter(registry);
let url = '';
beforeAll(async () => {
  url = await exporter.listen({ host: '127.0.0.1', port: 0 });
});
afterAll(() => exporter.close());

it('answers GET and HEAD at /metrics, in the format that is asked for', async () => {
  const plain = await fetch(`${url}/metrics?x=1`);
  expect([plain.status, plain.headers.get('content-type')]).toEqual([
    200,
    'text/plain; version=0.0.4; charset=utf-8',
  ]);
  expect(await plain.text()).toContain('docket_read ');
  const open = await fetch(`${url}/metrics`, { headers: { accept: 'application/openmetrics-text' } });
  expect(await open.text()).toMatch(/docket_read \d+\n# EOF\n$/);
  const head = await fetch(`${url}/metrics`, { method: 'HEAD' });
  expect([head.status, await head.text()]).toEqual([200, '']);
});

it.each([
  ['GET', '/', 404],
  ['GET', '/metrics/x', 404],
  ['GET', '/v1/tickets', 404],
  ['POST', '/metrics', 405],
  ['DELETE', '/metrics', 405],
])('answers %s %s with %i', async (method, path, status) => {
  const answer = await fetch(`${url}${path}`, { method });
  expect(answer.status).toBe(status);
  expect(answer.headers.get('allow')).toBe(status === 405 ? 'GET, HEAD' : null);
});

it('reads the metrics once for readers who ask together', async () => {
  const before = readings;
  const answers = await Promise.all(Array.from({ length: 8 }, () => fetch(`${url}/metrics`)));
  for (const answer of answers) expect(answer.status).toBe(200);
  expect(readings - before).toBeGreaterThan(0);
  expect(readings - before).toBeLessThanOrEqual(8);
});

it('says when a port is taken', async () => {
  const other = buildExporter(createRegistry());
  const port = Number(new URL(url).port);
  await expect(other.listen({ host: '127.0.0.1', port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  expect(await other.listen({ host: '127.0.0.1', port: 0 })).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  await other.close();
});
