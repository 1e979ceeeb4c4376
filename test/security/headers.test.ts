/** What every answer says to browsers and caches, whatever it answers. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Harness, startServer } from '../adapters/http/harness.ts';

let server: Harness;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server[Symbol.asyncDispose]());

it.each(['/healthz', '/v1/me', '/v1/workflows', '/v1/tickets/T-404', '/v1/nothing', '/v1/tickets/%zz'])(
  'every answer forbids guessing its type, and no answer lets other sites read it: %s',
  async (path) => {
    const { headers } = await server.get(path, { origin: 'https://evil.test' });
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('cache-control')).toMatch(/no-store|no-cache/);
    expect([...headers.keys()].filter((name) => name.startsWith('access-control-'))).toEqual([]);
  },
);
