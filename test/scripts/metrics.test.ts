/**
 * The metrics of a running `docket serve` after traffic of all kinds: they are the log's own counts, say
 * nothing of any ticket or caller, are what the documentation lists, and are what Prometheus takes.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Exposition, readExposition, sumOf } from '../../scripts/measuring/exposition.ts';
import { allMetrics } from '../../scripts/metric-list.ts';
import { docket, type RunningServer, serve } from '../support/docket.ts';
import { testFolder } from '../support/postgres.ts';

const dataDir = testFolder();
const rita = { id: 'rita-the-requester', role: 'requester' };
const openMetrics = { accept: 'application/openmetrics-text; version=1.0.0' };
let server: RunningServer;
let port = 0;

async function scrape(headers: Record<string, string> = {}): Promise<string> {
  return (await fetch(server.metricsUrl, { headers })).text();
}

async function send(path: string, body: object, headers: Record<string, string> = {}): Promise<number> {
  const all = { 'content-type': 'application/json', ...headers };
  return (await server.fetch(path, { method: 'POST', headers: all, body: JSON.stringify(body) })).status;
}

/** Opens tickets, moves some, and asks for what can not be. */
async function makeTraffic(): Promise<void> {
  const data = { fields: { subject: 'Printer' } };
  for (const workflow of ['support', 'incident']) {
    expect(await send('/v1/tickets', { actor: rita, workflow, data })).toBe(201);
  }
  expect(await send('/v1/tickets', { actor: rita, data }, { 'x-request-id': 'of-rita-7' })).toBe(201);
  const command = { actor: { id: 'ana', role: 'agent' }, data: {} };
  await send('/v1/tickets/REQ0000001/commands', { ...command, type: 'ReopenTicket' });
  const commands = [
    { ...command, ticketId: 'REQ0000001', type: 'AssignTicket', data: { agent: 'ana' } },
    { ...command, ticketId: 'REQ0000404', type: 'StartWork' },
  ];
  await send('/v1/commands', { commands });
  expect((await server.fetch('/v1/tickets/REQ0000001')).status).toBe(200);
  expect((await server.fetch('/v1/nowhere/REQ0000001')).status).toBe(404);
  expect((await fetch(`${server.url}/v1/tickets/REQ0000001`)).status).toBe(401);
  const socket = connect(port, '127.0.0.1').end('nonsense\r\n\r\n');
  await new Promise((resolve) => socket.resume().once('close', resolve));
}

beforeAll(async () => {
  server = await serve(dataDir);
  port = Number(new URL(server.url).port);
  await makeTraffic();
  await sleep(50);
});
afterAll(async () => {
  await server.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

describe('the metrics of a server', () => {
  it('count what the log holds, and every command and request', async () => {
    const { position } = (await (await server.fetch('/v1/events')).json()) as { position: number };
    const told = readExposition(await scrape());
    const committed = 'docket_transitions_committed_total';
    expect(sumOf(told, committed)).toBe(position);
    expect(sumOf(told, 'docket_log_position')).toBe(position);
    expect(sumOf(told, committed, { workflow: 'support', type: 'TicketOpened' })).toBe(2);
    expect(sumOf(told, committed, { workflow: 'incident', type: 'TicketOpened' })).toBe(1);
    expect(sumOf(told, 'docket_append_batch_events_sum')).toBe(position);
    expect(sumOf(told, 'docket_commands_accepted_total')).toBe(4);
    const rejected = 'docket_commands_rejected_total';
    expect(sumOf(told, rejected)).toBe(2);
    expect(sumOf(told, rejected, { workflow: 'none', reason: 'ticket_not_found' })).toBe(1);
    expect(sumOf(told, rejected, { workflow: 'support', type: 'ReopenTicket' })).toBe(1);
    expect(sumOf(told, 'docket_command_duration_seconds_count')).toBe(6);
    expect(sumOf(told, 'docket_log_sync_duration_seconds_count')).toBeGreaterThan(0);
    expect(sumOf(told, 'docket_log_bytes')).toBeGreaterThan(0);
    const requests = 'docket_http_requests_total';
    expect(sumOf(told, requests, { route: '/v1/tickets', status: '201' })).toBe(3);
    expect(sumOf(told, requests, { route: '/v1/tickets/{ticketId}', status: '401' })).toBe(1);
    expect(sumOf(told, requests, { route: 'unmatched', status: '404' })).toBe(1);
    expect(sumOf(told, requests, { route: 'unmatched', method: 'other', status: '400' })).toBe(1);
    expect(sumOf(told, 'docket_http_connection_errors_total', { code: 'HPE_INVALID_METHOD' })).toBe(1);
    expect(sumOf(told, 'docket_database_connections_max')).toBeGreaterThan(0);
    expect(sumOf(told, 'docket_database_query_duration_seconds_count')).toBeGreaterThan(0);
    expect(sumOf(told, 'docket_build_info', { log: 'segment' })).toBe(1);
    expect(sumOf(told, 'docket_metrics_failures_total')).toBe(0);
  });

  it('say nothing of any ticket, person or address', async () => {
    const text = await scrape(openMetrics);
    const series = [...readExposition(text).values()].flat();
    const values = new Set(series.flatMap(({ labels }) => Object.values(labels)));
    expect(values.size).toBeGreaterThan(50);
    const key = server.key.slice(0, 12);
    for (const secret of ['REQ0000', rita.id, 'ana', '127.0.0.1', String(port), key, 'nowhere', dataDir]) {
      expect([...values].filter((value) => value.includes(secret))).toEqual([]);
    }
  });

  it('are those of docs/metrics.md', async () => {
    const told = namesOf(await scrape());
    const listed = new Set(allMetrics.map(({ name }) => name));
    expect([...told].filter((name) => !listed.has(name))).toEqual([]);
    const always = allMetrics.filter(({ where, labels }) => where === undefined && labels === undefined);
    expect(always.map(({ name }) => name).filter((name) => !told.has(name))).toEqual([]);
  });

  it('come as OpenMetrics with exemplars, and an end', async () => {
    const text = await scrape(openMetrics);
    expect(text).toMatch(/\n# EOF\n$/);
    const exemplars = text.split('\n').filter((line) => line.includes('# {request_id="of-rita-7"}'));
    expect(exemplars.map((line) => line.split('{')[0]).sort()).toEqual([
      'docket_command_duration_seconds_bucket',
      'docket_http_request_duration_seconds_bucket',
    ]);
    expect(figuresOf(readExposition(text))).toEqual(figuresOf(readExposition(await scrape())));
  });

  it.skipIf(toolMissing('promtool'))('are in order for `promtool check metrics`', async () => {
    const input = await scrape();
    expect(execFileSync('promtool', ['check', 'metrics'], { input, encoding: 'utf8' })).toBe('');
  });

  it('are found by other commands, on a port that is asked for and free', async () => {
    const record = JSON.parse(readFileSync(join(dataDir, 'server.json'), 'utf8'));
    expect(record.metricsUrl).toBe(server.metricsUrl);
    const other = testFolder();
    const taken = new URL(server.metricsUrl).port;
    const args = ['serve', '--port', '0', '--metrics-port', taken, '--data-dir', other];
    const { code, stderr } = await docket(...args);
    expect([code, stderr]).toEqual([expect.any(Number), expect.stringContaining('EADDRINUSE')]);
    expect(code).not.toBe(0);
    expect(stderr).toContain('--metrics-port');
    rmSync(other, { recursive: true, force: true });
  });
});

/** Names of families: those of histograms without what their samples add. */
function namesOf(text: string): ReadonlySet<string> {
  return new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name = '']) => name));
}

/** What two scrapes one after the other must agree on. */
function figuresOf(told: Exposition): readonly unknown[] {
  return ['docket_transitions_committed_total', 'docket_commands_accepted_total'].map((name) =>
    told.get(name),
  );
}

function toolMissing(name: string): boolean {
  try {
    execFileSync(name, ['--version'], { stdio: 'ignore' });
    return false;
  } catch {
    console.warn(`${name} is missing: what needs it is skipped`);
    return true;
  }
}
