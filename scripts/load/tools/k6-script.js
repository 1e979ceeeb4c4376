/**
 * The part of a k6 script that is the same for every scenario; `plan` is filled in (scripts/load/tools/plan.ts
 * says what it holds). Each virtual user moves on tickets of its own only, so that what is legal next is known
 * without asking; what it asks for otherwise may meet others at the same ticket.
 */
import exec from 'k6/execution';
import http from 'k6/http';
import { Counter, Rate } from 'k6/metrics';

const plan = {};

const url = (__ENV.DOCKET_URL || 'http://127.0.0.1:7420').replace(/\/+$/, '');
const key = __ENV.DOCKET_KEY;
if (!key) throw new Error('DOCKET_KEY is empty: put an API key of the server into it');
const asked = Number(__ENV.DOCKET_SECONDS || 0);
if (!(asked >= 0)) throw new Error(`DOCKET_SECONDS is no number: ${__ENV.DOCKET_SECONDS}`);

const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
const timeout = '30s';
/** Tickets that one virtual user remembers; later ones are opened and left alone. */
const rememberedMax = 10_000;
/** k6 takes whole numbers only: a rate is so many in a thousand seconds. */
const rateSeconds = 1_000;
const weights = plan.mix.reduce((sum, { weight }) => sum + weight, 0);

/** Events that answers acknowledged: the log must have grown by exactly as many. */
const eventsAcknowledged = new Counter('docket_events_acknowledged');
const ticketsOpened = new Counter('docket_tickets_opened');
const refused = new Rate('docket_refused');

http.setResponseCallback(http.expectedStatuses({ min: 200, max: 299 }, ...plan.alsoExpected));

export const options = {
  scenarios: scenarios(),
  thresholds: thresholds(),
  setupTimeout: '10m',
  summaryTrendStats: ['min', 'med', 'p(90)', 'p(99)', 'p(99.9)', 'max', 'count'],
};

function secondsOf({ lasts, seconds }) {
  if (asked === 0 || lasts === 'own') return seconds;
  if (lasts === 'each') return asked;
  if (lasts === 'most') return Math.min(seconds, asked);
  return plan.sharedSeconds === 0 ? seconds : (seconds * asked) / plan.sharedSeconds;
}

function scenarios() {
  let startMs = 0;
  const made = {};
  plan.stages.forEach((stage, index) => {
    const ms = Math.round(secondsOf(stage) * 1_000);
    made[`stage_${index + 1}`] = {
      ...executor(stage, ms),
      startTime: `${startMs}ms`,
      tags: { stage: stage.name, step: String(index + 1), judged: stage.judged ? 'yes' : 'no' },
    };
    startMs += Math.max(ms, 1_000);
  });
  return made;
}

function executor({ users, fromPerSecond, toPerSecond, requests }, ms) {
  const duration = `${Math.max(ms, 1)}ms`;
  // Users are connections: a request that finds all of them busy is dropped, and counted as such.
  const bounds = { preAllocatedVUs: users, maxVUs: users };
  if (requests > 0 && ms === 0) {
    return { executor: 'shared-iterations', vus: Math.min(users, requests), iterations: requests };
  }
  if (requests > 0) {
    return { executor: 'constant-arrival-rate', rate: requests, timeUnit: duration, duration, ...bounds };
  }
  const timeUnit = `${rateSeconds}s`;
  const startRate = Math.round(fromPerSecond * rateSeconds);
  if (fromPerSecond === toPerSecond) {
    return { executor: 'constant-arrival-rate', rate: startRate, timeUnit, duration, ...bounds };
  }
  const stages = [{ target: Math.round(toPerSecond * rateSeconds), duration }];
  return { executor: 'ramping-arrival-rate', startRate, timeUnit, stages, ...bounds };
}

function thresholds() {
  const { p99Ms, errorShareMax, stepP99Ms, refusedShareMin, ticketsMin } = plan.limits;
  const made = { 'http_req_failed{judged:yes}': [`rate<=${errorShareMax}`] };
  if (p99Ms > 0) made['http_req_duration{judged:yes}'] = [`p(99)<=${p99Ms}`];
  if (refusedShareMin > 0) made['docket_refused{judged:yes}'] = [`rate>=${refusedShareMin}`];
  if (ticketsMin > 0) made['docket_tickets_opened{judged:yes}'] = [`count>=${ticketsMin}`];
  // k6 measures from when it sent. What it could not send in time it drops: only while it drops nothing does
  // it offer what the scenario asks, and only then does its latency say what users would have felt.
  if (stepP99Ms === 0) made.dropped_iterations = ['count==0'];
  else Object.assign(made, stepThresholds(stepP99Ms));
  return made;
}

/** The first step that misses the objective ends the run: where that is, is what a ladder asks. */
function stepThresholds(p99Ms) {
  const made = {};
  plan.stages.forEach(({ role }, index) => {
    if (role !== 'step') return;
    const ends = (threshold) => [{ threshold, abortOnFail: true }];
    made[`http_req_duration{step:${index + 1}}`] = ends(`p(99)<=${p99Ms}`);
    made[`http_req_failed{step:${index + 1}}`] = ends(`rate<=${plan.limits.errorShareMax}`);
    made[`dropped_iterations{step:${index + 1}}`] = ends('count==0');
  });
  return made;
}

/** Opens the tickets that the scenario needs before it begins. */
export function setup() {
  const ids = [];
  while (ids.length < plan.ticketsBefore) {
    const count = Math.min(plan.ticketsPerRequest, plan.ticketsBefore - ids.length);
    const body = `{"commands":[${Array(count).fill(plan.openingCommand).join(',')}]}`;
    const answer = http.post(`${url}/v1/commands`, body, { headers, timeout });
    if (answer.status !== 200) throw new Error(`no tickets: ${answer.status} ${answer.body}`);
    for (const outcome of answer.json('outcomes')) {
      if (outcome.status !== 'accepted') throw new Error(`no ticket: ${JSON.stringify(outcome)}`);
      ids.push(outcome.ticketId);
      eventsAcknowledged.add(outcome.events);
    }
  }
  return ids;
}

/** Of this virtual user, between its requests. */
let known;
let idle;

export default function ask(ids) {
  if (known === undefined) {
    const { vusInitialized } = exec.instance;
    known = ids.slice();
    idle = ids
      .filter((_, index) => index % vusInitialized === exec.vu.idInTest % vusInitialized)
      .map((id) => ({ id, moves: 0 }));
  }
  const action = picked();
  if (action === 'advance') advance();
  else if (action === 'comment' || action === 'read' || action === 'history') askAbout(action);
  else if (action === 'open') open();
  else send(action, oneOf(plan.samples[action]), '');
}

function picked() {
  let left = Math.random() * weights;
  for (const { action, weight } of plan.mix) {
    left -= weight;
    if (left < 0) return action;
  }
  return plan.mix[plan.mix.length - 1].action;
}

function oneOf(list) {
  return list[Math.floor(Math.random() * list.length)];
}

function open() {
  const answer = send('open', oneOf(plan.samples.open), '');
  if (answer.status >= 300 || answer.status === 0) return;
  ticketsOpened.add(1);
  if (known.length >= rememberedMax) return;
  const id = answer.json('ticketId');
  known.push(id);
  idle.push({ id, moves: 0 });
}

function askAbout(action) {
  if (known.length === 0) open();
  else send(action, oneOf(plan.samples[action]), oneOf(known));
}

function advance() {
  const ticket = idle.shift();
  if (ticket === undefined) {
    open();
    return;
  }
  const { status } = send('advance', oneOf(plan.steps[ticket.moves]), ticket.id);
  if (status >= 200 && status < 300) ticket.moves += 1;
  // Where nobody knows what became of the step, the ticket is left alone for good.
  else if (status !== 429 && status !== 503) return;
  if (ticket.moves < plan.steps.length) idle.push(ticket);
}

function send(action, { method, path, body }, ticketId) {
  const target = url + path.replace('{ticketId}', ticketId);
  const answer = http.request(method, target, body ?? null, {
    headers,
    timeout,
    tags: { name: action, action },
  });
  refused.add(answer.status === 429);
  if (method === 'POST' && answer.status >= 200 && answer.status < 300) {
    eventsAcknowledged.add(answer.json('events'));
  }
  return answer;
}
