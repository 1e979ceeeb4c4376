/**
 * A real Prometheus scrapes a running server with traffic: every rule is evaluated without an error, those
 * that record have values, exemplars come through, and every expression of the dashboard is answered.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expressionOf } from '../../../../scripts/dashboard/classic.ts';
import { dashboardRows } from '../../../../scripts/dashboard.ts';
import { readExposition, sumOf } from '../../../../scripts/measuring/exposition.ts';
import { type RunningServer, serve } from '../../../support/docket.ts';
import { testFolder } from '../../../support/postgres.ts';
import { knownSamples, samplesIn } from '../known-metrics.ts';
import { hasPrometheus, type RunningPrometheus, startPrometheus } from './scraping.ts';

interface RuleAnswer {
  readonly name: string;
  readonly type: 'recording' | 'alerting';
  readonly query: string;
  readonly health: string;
  readonly lastError?: string;
  readonly state?: string;
}

const waitMsMax = 20_000;
const queries = dashboardRows.flatMap((row) =>
  row.panels.flatMap(({ title, queries: own }) =>
    own.map((query) => ({ title, expression: expressionOf(query) })),
  ),
);

/** Looks again until it is so, or shows what is not. */
async function eventually<T>(look: () => Promise<T>, isDone: (found: T) => boolean): Promise<T> {
  const giveUpAtMs = performance.now() + waitMsMax;
  for (;;) {
    const found = await look();
    if (isDone(found) || performance.now() > giveUpAtMs) return found;
    await sleep(250);
  }
}

/** Tickets opened, commented, read and asked for in vain, until it is told to end. */
async function makeTraffic(server: RunningServer, signal: AbortSignal): Promise<void> {
  const actor = { id: 'ana', role: 'agent' };
  const ask = (path: string, id: string, body?: object) => {
    const headers = { 'content-type': 'application/json', 'x-request-id': id };
    const posted = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
    return server.fetch(path, { headers, ...posted }).then((answer) => answer.arrayBuffer());
  };
  for (let round = 1; !signal.aborted; round += 1) {
    const ticket = `/v1/tickets/T-${round}`;
    await ask('/v1/tickets', `opened-${round}`, { ticketId: `T-${round}`, actor, data: {} });
    const comment = { type: 'AddComment', actor, data: { body: 'Here.', public: true } };
    await ask(`${ticket}/commands`, `commented-${round}`, comment);
    await ask(`${ticket}/commands`, `reopened-${round}`, { type: 'ReopenTicket', actor, data: {} });
    await ask(ticket, `read-${round}`);
    await ask('/v1/tickets?limit=5', `listed-${round}`);
    await sleep(50, undefined, { signal }).catch(() => undefined);
  }
}

describe.skipIf(!hasPrometheus)('a real Prometheus (skipped where there is none)', () => {
  const dataDir = testFolder();
  const traffic = new AbortController();
  let server: RunningServer;
  let prometheus: RunningPrometheus;
  let asked: Promise<void>;

  beforeAll(async () => {
    server = await serve(dataDir);
    prometheus = await startPrometheus(join(dataDir, 'prometheus'), server.metricsUrl);
    asked = makeTraffic(server, traffic.signal);
    const up = await eventually(
      () => prometheus.query('up{job="docket"} == 1'),
      ({ length }) => length > 0,
    );
    expect(up).toHaveLength(1);
  });
  afterAll(async () => {
    traffic.abort();
    await asked?.catch(() => undefined);
    await prometheus?.stop();
    await server?.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  const rulesNow = async () => {
    const { groups } = (await prometheus.get('rules')) as { groups: { rules: RuleAnswer[] }[] };
    return groups.flatMap((group) => group.rules);
  };

  it('has a value for everything that rules record', async () => {
    const records = (await rulesNow()).filter(({ type }) => type === 'recording').map(({ name }) => name);
    expect(records.length).toBeGreaterThan(20);
    const missing = await eventually(
      async () => {
        const found = await Promise.all(records.map((name) => prometheus.query(name)));
        return records.filter((_, place) => !found[place]?.some(({ value }) => value[1] !== 'NaN'));
      },
      ({ length }) => length === 0,
    );
    expect(missing).toEqual([]);
  });

  it('evaluates every rule without an error, and has nothing to tell of a healthy server', async () => {
    const rules = await eventually(rulesNow, (found) => found.every(({ health }) => health === 'ok'));
    expect(rules.filter(({ health, lastError = '' }) => health !== 'ok' || lastError !== '')).toEqual([]);
    // What a few seconds foretell of a day is not told: such alerts wait for an hour of it.
    const told = rules.filter(({ state }) => state === 'firing');
    expect(told.map(({ name }) => name)).toEqual([]);
    const named = rules
      .flatMap(({ query }) => samplesIn(query))
      .filter((name) => !name.startsWith('docket_audit_'));
    expect(named.filter((name) => !knownSamples.has(name))).toEqual([]);
  });

  it.each(['docket_command_duration_seconds_bucket', 'docket_command_visible_seconds_bucket'])(
    'keeps exemplars of %s, by which the request is found again',
    async (name) => {
      interface Series {
        readonly exemplars: readonly { readonly labels: { readonly request_id?: string } }[];
      }
      const found = await eventually(
        async () => {
          const now = Date.now() / 1_000;
          const parameters = { query: name, start: String(now - 120), end: String(now + 10) };
          const series = (await prometheus.get('query_exemplars', parameters)) as readonly Series[];
          return series.flatMap(({ exemplars }) => exemplars.map(({ labels }) => labels.request_id));
        },
        ({ length }) => length > 0,
      );
      expect(found.length).toBeGreaterThan(0);
      for (const id of found) expect(id).toMatch(/^(opened|commented|reopened)-\d+$/);
    },
  );

  it('answers every expression of the dashboard, most of them with figures', async () => {
    const answers = await eventually(
      () =>
        Promise.all(
          queries.map(({ expression }) =>
            prometheus.query(
              expression
                .replaceAll('$job', 'docket')
                .replaceAll('$instance', '.+')
                .replaceAll('$__rate_interval', '15s'),
            ),
          ),
        ),
      (found) => found.filter(({ length }) => length > 0).length >= queries.length - mayBeEmpty.size,
    );
    const empty = queries
      .filter((_, place) => answers[place]?.length === 0)
      .map(({ expression }) => expression);
    const unexpected = empty.filter((each) => !samplesIn(each).some((name) => mayBeEmpty.has(name)));
    expect(unexpected).toEqual([]);
  });

  it('counts what the log counts', async () => {
    traffic.abort();
    await asked;
    const text = await (await fetch(server.metricsUrl)).text();
    const position = sumOf(readExposition(text), 'docket_log_position') ?? 0;
    expect(position).toBeGreaterThan(10);
    const committed = await eventually(
      async () => Number((await prometheus.query('sum(docket_transitions_committed_total)'))[0]?.value[1]),
      (found) => found === position,
    );
    expect(committed).toBe(position);
  });
});

/** What a short and healthy run has none of. */
const mayBeEmpty = new Set([
  'docket_http_connection_errors_total',
  'docket_http_refused_total',
  'docket_database_errors_total',
  'docket_webhook_deliveries_total',
  'docket_webhook_dead_letters',
  'docket_heap_after_major_gc_bytes',
  'nodejs_eventloop_delay_seconds',
]);
