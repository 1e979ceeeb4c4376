/**
 * Tens of thousands of deliveries of every source, spoilt in their payload, their signature or their bytes,
 * over a real socket: each is refused, carried out or kept, the log holds exactly the events that answers
 * claim, and nothing at all came of what was not signed.
 */
import { Agent, request as send } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { problem, problemMediaType, problemOfFault } from '../../adapters/http/problem.ts';
import { Random } from '../../adapters/simulation/random.ts';
import { deliveryEventSchema } from '../../adapters/webhooks/delivery-events.ts';
import {
  buildListener,
  type ListenerOptions,
  type WebhookListener,
} from '../../adapters/webhooks/listener.ts';
import { Fault } from '../../domain/errors.ts';
import { type Desk, openDesk, payload, signed } from '../adapters/webhooks/desk.ts';
import { damaged, mutated, oddText } from './odd-values.ts';

const deliveriesAll = Number(process.env.DOCKET_FUZZ_DELIVERIES ?? 25_000);
const connections = 8;
const seed = Number(process.env.DOCKET_TEST_SEED ?? Date.now() % 1_000_000);

/** By source, what it sends. */
const payloads: readonly (readonly [string, string])[] = [
  ['zendesk', 'zendesk-status-changed'],
  ['zendesk', 'zendesk-comment-added'],
  ['freshdesk', 'freshdesk-ticket'],
  ['jira', 'jira-issue-updated'],
  ['jira', 'jira-comment-created'],
  ['github', 'github-issues-opened'],
  ['github', 'github-issues-closed'],
  ['github', 'github-issue-comment'],
  ['servicenow', 'servicenow-incident'],
  ['zammad', 'zammad-ticket'],
  ['intercom', 'intercom-conversation-replied'],
  ['standard-webhooks', 'standard-webhooks-ticket'],
  ['cloudevents', 'cloudevents-structured'],
];

const problemOf: ListenerOptions['problemOf'] = (code, detail) => {
  const found = code instanceof Fault ? problemOfFault(code) : problem(code, detail);
  return { status: found.status, mediaType: problemMediaType, text: JSON.stringify(found) };
};

let desk: Desk;
let listener: WebhookListener;
let url: URL;
let samples: readonly { readonly source: string; readonly content: unknown }[];
const agent = new Agent({ keepAlive: true, maxSockets: connections });
beforeAll(async () => {
  // What is tried again later is claimed by no answer.
  desk = await openDesk({ limits: { retryRoundsMax: 0 } });
  samples = await Promise.all(
    payloads.map(async ([source, name]) => ({ source, content: JSON.parse(await payload(name)) })),
  );
  const { intake, reported } = desk;
  listener = buildListener({ intake, problemOf, report: (error) => reported.push(error) });
  url = new URL(await listener.listen({ host: '127.0.0.1', port: 0 }));
});
afterAll(async () => {
  agent.destroy();
  await listener.close();
});

interface Delivery {
  readonly source: string;
  readonly body: Buffer;
  readonly headers: Record<string, string>;
  /** Whether it is signed as its source signs. */
  readonly genuine: boolean;
}

function delivery(random: Random): Delivery {
  const { source, content } = random.pick(samples);
  const spoilt = random.chance(0.85) ? mutated(random, content) : content;
  const whole = Buffer.from(JSON.stringify(spoilt) ?? '');
  // Signatures are over the bytes: what is damaged after it is signed is not genuine any more.
  const signedText = random.chance(0.1) ? damaged(random, whole).toString('latin1') : whole.toString();
  const { headers, body } = signed(source, signedText, desk.clock.now(), extraHeaders(random, source));
  if (random.chance(0.75)) return { source, body, headers: { ...headers }, genuine: true };
  return { source, body, headers: forged(random, { ...headers }), genuine: false };
}

function extraHeaders(random: Random, source: string): Record<string, string> {
  if (source === 'cloudevents') {
    const types = ['application/cloudevents+json', 'application/cloudevents-batch+json', 'application/json'];
    return { 'content-type': random.pick(types) };
  }
  const types = ['application/x-www-form-urlencoded', 'text/plain', 'application/json; charset=utf-8'];
  return random.chance(0.1) ? { 'content-type': random.pick(types) } : {};
}

const proofs = /signature|token|authorization|webhook-(id|timestamp)/;

/** Without one of the headers that prove who sent it, or with another value of it. */
function forged(random: Random, headers: Record<string, string>): Record<string, string> {
  const name = random.pick(Object.keys(headers).filter((each) => proofs.test(each)));
  const { [name]: right = '', ...others } = headers;
  if (random.chance(0.3)) return others;
  const odd = oddText(random).replaceAll(/[^!-~]/g, '?');
  // A digit in the middle: of the last ones of base64 not every bit counts, and of hexadecimal no case.
  const at = right.length >> 1;
  const flipped = `${right.slice(0, at)}${right[at] === '1' ? '2' : '1'}${right.slice(at + 1)}`;
  return { ...others, [name]: random.chance(0.5) ? flipped : odd };
}

const answerSchema = z.object({ deliveries: z.array(z.object({ status: z.string(), events: z.int() })) });

interface Told {
  readonly status: number;
  readonly text: string;
}

function deliver({ source, headers, body }: Delivery): Promise<Told> {
  const options = { agent, hostname: url.hostname, port: url.port, method: 'POST', headers };
  return new Promise((resolve, reject) => {
    const asked = send({ ...options, path: `/webhooks/${source}` }, (answer) => {
      text(answer).then((told) => resolve({ status: answer.statusCode ?? 0, text: told }), reject);
    });
    asked.on('error', reject).end(body);
  });
}

it(`answers ${deliveriesAll.toLocaleString('en')} spoilt deliveries`, { timeout: 200_000 }, async () => {
  const random = new Random(seed);
  const seen: Record<string, number> = {};
  let left = deliveriesAll;
  let claimed = 0;
  const worker = async () => {
    while (left > 0) {
      left -= 1;
      const sent = delivery(random);
      const where = `seed ${seed}: ${sent.source} ${JSON.stringify(sent.headers)} ${sent.body.toString()}`;
      const told = await deliver(sent);
      expect([200, 202, 400, 401], `${where}\n${told.text}`).toContain(told.status);
      expect(told.status === 401, `${where}\n${told.text}`).toBe(!sent.genuine);
      if (told.status < 300) {
        const { deliveries } = answerSchema.parse(JSON.parse(told.text));
        for (const { status, events } of deliveries) {
          claimed += events;
          seen[status] = (seen[status] ?? 0) + 1;
        }
      }
      seen[told.status] = (seen[told.status] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: connections }, worker));
  expect(desk.reported, `seed ${seed}`).toEqual([]);
  expect(await desk.log.head(), `seed ${seed}: events in the log, and events claimed`).toBe(claimed);
  // What is kept must be readable at the next start.
  for (const { event } of desk.journal.entries) deliveryEventSchema.parse(event);
  for (const status of ['200', '202', '400', '401', 'applied', 'unchanged', 'kept', 'ignored'])
    expect(seen[status], status).toBeGreaterThan(deliveriesAll / 1_000);
});
