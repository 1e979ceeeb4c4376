/**
 * As much of Postman as our collections use: variables, one request after another, and tests that look at the
 * answer. newman would be a dependency of hundreds of packages for these four calls.
 */
import { runInNewContext } from 'node:vm';
import { z } from 'zod';

const variableSchema = z.object({ key: z.string(), value: z.string() });
const collectionSchema = z.object({
  info: z.object({
    schema: z.literal('https://schema.getpostman.com/json/collection/v2.1.0/collection.json'),
  }),
  auth: z.object({ type: z.literal('bearer'), bearer: z.array(variableSchema) }),
  variable: z.array(variableSchema),
  item: z.array(
    z.object({
      name: z.string(),
      event: z.array(
        z.object({ listen: z.literal('test'), script: z.object({ exec: z.array(z.string()) }) }),
      ),
      request: z.object({
        method: z.enum(['GET', 'POST']),
        header: z.array(variableSchema),
        url: z.object({
          raw: z.string(),
          host: z.array(z.string()),
          path: z.array(z.string()),
          query: z.array(variableSchema).optional(),
        }),
        body: z.object({ mode: z.literal('raw'), raw: z.string() }).optional(),
      }),
    }),
  ),
});
type Request = z.infer<typeof collectionSchema>['item'][number]['request'];

export interface CollectionRun {
  readonly requests: number;
  /** Events that accepted commands told of. */
  readonly events: number;
  readonly tests: number;
  /** Names of requests and tests, with why. */
  readonly failed: readonly string[];
}

export async function runCollection(
  text: string,
  given: Readonly<Record<string, string>>,
): Promise<CollectionRun> {
  const { variable, auth, item } = collectionSchema.parse(JSON.parse(text));
  const variables = new Map([
    ...variable.map(({ key, value }) => [key, value] as const),
    ...Object.entries(given),
  ]);
  const filled = (template: string) =>
    template.replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => variables.get(name) ?? '');
  const token = filled(auth.bearer.find(({ key }) => key === 'token')?.value ?? '');
  const run = { requests: 0, events: 0, tests: 0, failed: [] as string[] };
  for (const { name, event, request } of item) {
    const answer = await sent(request, filled, token);
    const body = await answer.text();
    run.requests += 1;
    if (request.method === 'POST' && answer.ok) run.events += JSON.parse(body).events;
    const test = (title: string, check: () => void) => {
      run.tests += 1;
      try {
        check();
      } catch (error) {
        run.failed.push(`${name}, ${title}: ${error}`);
      }
    };
    const pm = {
      test,
      response: { code: answer.status, json: () => JSON.parse(body) },
      expect: (found: unknown) => ({ to: { equal: (right: unknown) => equal(found, right) } }),
      collectionVariables: { set: (key: string, value: string) => variables.set(key, value) },
    };
    for (const { script } of event) runInNewContext(script.exec.join('\n'), { pm });
  }
  return run;
}

/** From the parts of the address, as Postman does; what it shows, `raw`, must be the same. */
async function sent({ method, header, url, body }: Request, filled: (text: string) => string, token: string) {
  const query = url.query?.map(({ key, value }) => `${key}=${value}`).join('&');
  const address = `${url.host.join('.')}/${url.path.join('/')}${query === undefined ? '' : `?${query}`}`;
  equal(address, url.raw);
  const headers = Object.fromEntries(header.map(({ key, value }) => [key, value]));
  return fetch(filled(address), {
    method,
    headers: { ...headers, authorization: `Bearer ${token}` },
    ...(body === undefined ? {} : { body: filled(body.raw) }),
  });
}

function equal(found: unknown, right: unknown): void {
  if (found !== right) throw new Error(`expected ${right}, found ${found}`);
}
