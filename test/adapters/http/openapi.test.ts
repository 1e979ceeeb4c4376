/**
 * The OpenAPI document and the reference: well made, complete, and told by the declarations that the server
 * answers by. That answers are as declared is checked on every answer of every test here, by contract.ts.
 */
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { OpenApiDocument } from '../../../adapters/http/openapi/document.ts';
import { problemCodes } from '../../../adapters/http/openapi/problems.ts';
import { contractOf } from './contract.ts';
import { type Harness, startServer } from './harness.ts';

let server: Harness;
let document: OpenApiDocument;
beforeAll(async () => {
  server = await startServer();
  document = (await server.get('/openapi.json')).body as OpenApiDocument;
});
afterAll(() => server[Symbol.asyncDispose]());

const operations = () =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );

/** Every `$ref` anywhere in the document. */
function references(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const inner = Object.values(value).flatMap(references);
  return '$ref' in value ? [String(value.$ref), ...inner] : inner;
}

/** The least and the greatest that a schema of whole numbers, or its alternative of them, takes. */
function endsOf(schema: unknown): readonly number[] {
  const wholeNumbers = z.object({ type: z.literal('integer') });
  const bounds = wholeNumbers.extend({ minimum: z.int(), maximum: z.int() });
  const alternatives = z.object({ anyOf: z.array(z.unknown()) }).safeParse(schema).data?.anyOf ?? [schema];
  return alternatives.flatMap((each) => {
    if (!wholeNumbers.safeParse(each).success) return [];
    const { minimum, maximum } = bounds.parse(each);
    return [minimum, maximum];
  });
}

describe('the OpenAPI document', () => {
  it('gives each operation a name of its own, a heading, and what it takes and answers', () => {
    const ids = operations().map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { operation } of operations()) {
      expect(operation.summary).not.toBe('');
      expect(Object.keys(operation.responses).some((status) => status.startsWith('2'))).toBe(true);
    }
  });

  it('refers only to schemas that are there', () => {
    const found = references(document);
    expect(found.length).toBeGreaterThan(10);
    for (const reference of found) {
      const name = reference.replace('#/components/schemas/', '');
      expect(document.components.schemas).toHaveProperty(name);
    }
  });

  it('declares every brace of a path, with an example', () => {
    for (const { path, operation } of operations()) {
      const braces = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const declared = operation.parameters.filter((each) => each.in === 'path');
      expect(declared.map((each) => each.name)).toEqual(braces);
      for (const each of declared) expect(each.example, `${path} ${each.name}`).toBeDefined();
    }
  });

  it('has an example for every body', () => {
    for (const { path, operation } of operations()) {
      for (const [type, { example }] of Object.entries(operation.requestBody?.content ?? {})) {
        expect(example, `${path} ${type}`).toBeDefined();
      }
    }
  });

  it('names bounds of every whole number in a query, and the server takes both ends of them', async () => {
    // The greatest limit of events is that of lines.
    const headers = { accept: 'application/x-ndjson, */*;q=0.5' };
    // A position is waited for where the log does not hold it yet, so those are left out.
    const asked: string[] = [];
    for (const { path, operation } of operations().filter(({ method }) => method === 'get')) {
      const inQuery = operation.parameters.filter((each) => each.in === 'query');
      const required = inQuery.filter((each) => each.required);
      for (const { name, schema } of inQuery.filter((each) => !each.name.endsWith('-position'))) {
        for (const end of endsOf(schema)) {
          const asking = new URLSearchParams({ [name]: String(end) });
          for (const each of required) asking.append(each.name, String(each.example));
          const query = `${path.replaceAll(/\{\w+\}/g, '1')}?${asking}`;
          asked.push(query);
          const answer = await fetch(server.url + query, { headers });
          if (answer.status === 400) expect.fail(`${query}: ${await answer.text()}`);
          await answer.body?.cancel();
        }
      }
    }
    expect(asked.some((each) => each.includes('?to=-8640000000000000'))).toBe(true);
  });

  it('asks for a credential wherever something is told or done', () => {
    for (const { path, operation } of operations()) {
      const open = operation.security.length === 0;
      expect(open, path).toBe(!path.startsWith('/v1/'));
    }
  });
});

describe('the check of answers against it', () => {
  const told = { method: 'GET', path: '/v1/workflows', status: 200, type: 'application/json' };

  it('takes what is declared', () => {
    expect(() => contractOf(document)({ ...told, body: { workflows: [] } })).not.toThrow();
  });

  it.each([
    ['a status', { ...told, status: 202, body: {} }],
    ['a media type', { ...told, type: 'text/plain', body: '' }],
    ['a member', { ...told, body: { workflows: [], surprise: 1 } }],
    ['a type', { ...told, body: { workflows: 'none' } }],
    [
      'a problem',
      { ...told, status: 403, type: 'application/problem+json', body: { code: 'ticket_exists' } },
    ],
  ])('finds %s that is not', (_what, answer) => {
    expect(() => contractOf(document)(answer)).toThrow();
  });
});

describe('the reference page', () => {
  it('has every operation and every problem, and may load nothing', async () => {
    const page = await fetch(`${server.url}/reference`);
    const html = await page.text();
    for (const { operation } of operations()) expect(html).toContain(`id="${operation.operationId}"`);
    for (const code of problemCodes) expect(html).toContain(`id="problem-${code}"`);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(html).not.toMatch(/<script|https?:\/\/(?!127\.0\.0\.1)/);
  });

  it('can not be broken out of by the address it is asked at', async () => {
    expect(
      z
        .string()
        .min(1)
        .parse(await pageAt('a"><script>b')),
    ).not.toContain('<script>');
  });

  it('names the address it is asked at, whoever asked at another before', async () => {
    for (const host of ['desk.test', 'other.test', 'desk.test']) {
      const page = await pageAt(host);
      const named = [...page.matchAll(/https?:\/\/(\w+\.test)\//g)].map(([, found]) => found);
      expect(new Set(named)).toEqual(new Set([host]));
    }
  });

  async function pageAt(host: string): Promise<string> {
    const { hostname, port } = new URL(server.url);
    const asked = request({ hostname, port, path: '/reference', headers: { host } }).end();
    const [answer]: IncomingMessage[] = await once(asked, 'response');
    if (answer === undefined) throw new Error('an answer without an answer');
    return text(answer);
  }
});
