/**
 * What a scenario asks, as a Postman collection (v2.1): one request for each action, in an order that runs as
 * a whole, each with tests. It is for looking at the interface and for trying it out; it is no load test.
 */
import type { Outgoing } from '../generator/transport.ts';
import type { Scenario } from '../scenario.ts';
import { planOf, type ToolPlan } from './plan.ts';
import { ticketPlaceholder } from './samples.ts';
import type { ToolFile } from './tool.ts';
import { headLines } from './words.ts';

const schema = 'https://schema.getpostman.com/json/collection/v2.1.0/collection.json';

/** What opens comes first, and what finds what was done comes last. */
const order = ['open', 'comment', 'advance', 'read', 'history', 'list', 'search'] as const;

export function postmanFiles(scenario: Scenario): readonly ToolFile[] {
  const plan = planOf(scenario);
  const name = `${scenario.id.toLowerCase()}.postman_collection.json`;
  const head = headLines(scenario, 'postman', {
    model: 'none: each request is sent once, in order.',
    usage: [`newman run ${name} --env-var "baseUrl=$DOCKET_URL" --env-var "key=$DOCKET_KEY"`],
    lacks: ['ask at a rate, or with many users: nothing it measures says how the server bears load.'],
  });
  const collection = {
    info: { name: `${scenario.id}: ${scenario.title.toWellFormed()}`, description: head.join('\n'), schema },
    auth: { type: 'bearer', bearer: [{ key: 'token', value: '{{key}}', type: 'string' }] },
    variable: [
      { key: 'baseUrl', value: 'http://127.0.0.1:7420', type: 'string' },
      { key: 'key', value: '', type: 'string' },
      { key: 'ticketId', value: '', type: 'string' },
    ],
    item: order.flatMap((action) => itemsOf(plan, action)),
  };
  return [{ name, text: `${JSON.stringify(collection, null, 2)}\n`, executable: false }];
}

function itemsOf({ samples, steps, mix }: ToolPlan, action: (typeof order)[number]): readonly object[] {
  if (action === 'advance') {
    return steps.flatMap(([first], index) =>
      first ? [itemOf(`advance, step ${index + 1}`, first, 'step')] : [],
    );
  }
  const [first] = samples[action] ?? [];
  // Whatever is asked about a ticket needs one to be there.
  const asked = mix.some((each) => each.action === action) || action === 'open';
  return first !== undefined && asked ? [itemOf(action, first, action === 'open' ? 'open' : 'other')] : [];
}

function itemOf(name: string, { method, path, body }: Outgoing, kind: 'open' | 'step' | 'other'): object {
  return {
    name,
    event: [{ listen: 'test', script: { type: 'text/javascript', exec: testLines(method, kind) } }],
    request: {
      method,
      header: body === undefined ? [] : [{ key: 'Content-Type', value: 'application/json' }],
      url: urlOf(path.replace(ticketPlaceholder, '{{ticketId}}')),
      ...(body === undefined
        ? {}
        : { body: { mode: 'raw', raw: body, options: { raw: { language: 'json' } } } }),
    },
  };
}

function testLines(method: Outgoing['method'], kind: 'open' | 'step' | 'other'): readonly string[] {
  const status = kind === 'open' ? 201 : 200;
  return [
    `pm.test('is answered ${status}', () => pm.expect(pm.response.code).to.equal(${status}));`,
    ...(method === 'GET'
      ? []
      : ["pm.test('is accepted', () => pm.expect(pm.response.json().status).to.equal('accepted'));"]),
    ...(kind === 'open' ? ["pm.collectionVariables.set('ticketId', pm.response.json().ticketId);"] : []),
  ];
}

function urlOf(path: string): object {
  const [before = '', search] = path.split('?');
  const query = [...new URLSearchParams(search)].map(([key, value]) => ({ key, value }));
  return {
    raw: `{{baseUrl}}${path}`,
    host: ['{{baseUrl}}'],
    path: before.split('/').filter((part) => part !== ''),
    ...(query.length === 0 ? {} : { query }),
  };
}
