/**
 * docs/metrics.md, made from the definitions that the metrics themselves are made from.
 * `node scripts/metric-list.ts --write` writes it; a test fails when it is out of date, and another when a
 * running server tells a metric that is not here.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { databaseMetrics } from '../adapters/metrics/database.ts';
import { engineMetrics } from '../adapters/metrics/engine.ts';
import { exporterLimits } from '../adapters/metrics/exporter.ts';
import { healthMetrics } from '../adapters/metrics/health.ts';
import { httpMetrics } from '../adapters/metrics/http.ts';
import { logMetrics } from '../adapters/metrics/log.ts';
import { projectionLagMetrics } from '../adapters/metrics/projection-lag.ts';
import { projectorMetrics } from '../adapters/metrics/projector-metrics.ts';
import { type MetricDefinition, registryMetrics } from '../adapters/metrics/registry.ts';
import { delayWindowMs, runtimeMetrics } from '../adapters/metrics/runtime.ts';
import { serverMetrics } from '../adapters/metrics/server.ts';
import { outstandingMax, visibleCommandsMetrics } from '../adapters/metrics/visible-commands.ts';
import { webhookMetrics } from '../adapters/metrics/webhooks.ts';
import { metricsPortDefault } from './runtime/metrics.ts';

export const metricsFile = join(import.meta.dirname, '../docs/metrics.md');

const sections: readonly (readonly [string, readonly MetricDefinition[]])[] = [
  ['Engine', Object.values(engineMetrics)],
  ['Log', Object.values(logMetrics)],
  [
    'Read models',
    [projectionLagMetrics, visibleCommandsMetrics, projectorMetrics].flatMap((each) => Object.values(each)),
  ],
  ['HTTP', Object.values(httpMetrics)],
  ['Webhooks', Object.values(webhookMetrics)],
  ['Database', Object.values(databaseMetrics)],
  ['Processes', Object.values(runtimeMetrics)],
  ['Server', [serverMetrics, healthMetrics].flatMap((each) => Object.values(each)).concat(registryMetrics)],
];

/** Every metric of `docket serve`, in the order of the page. */
export const allMetrics: readonly MetricDefinition[] = sections.flatMap(([, definitions]) => definitions);

const introduction = `# Metrics

\`docket serve\` answers Prometheus at \`http://127.0.0.1:${metricsPortDefault}/metrics\`:

\`\`\`yaml
scrape_configs:
  - job_name: docket
    static_configs: [{ targets: ['127.0.0.1:${metricsPortDefault}'] }]
\`\`\`

| option | meaning |
|---|---|
| \`--metrics-port\` | another port, 0 for any free one; also DOCKET_METRICS_PORT |
| \`--metrics-host\` | where to listen; by default only for this machine |
| \`--no-metrics\` | no port at all |

Where the default port is taken, as by node_exporter, any free one is used, and said. The address is told when
the server starts, and stands in \`server.json\` of the data folder as
\`metricsUrl\`.

**Who may read.** Nobody is asked for credentials, so whoever reaches the port can read. There is nothing in
it of any ticket, person, address or key: labels have only values that Docket itself defines (workflows, types
of events and commands, codes of errors, templates of routes, sources of webhooks), and whatever else comes up
is \`other\`. Even so, beyond this machine it belongs behind a firewall, or a proxy that asks who is there. At
most ${exporterLimits.connectionsMax} connections are taken.

**Formats.** OpenMetrics 1.0 where the reader asks for it, as Prometheus does, else text 0.0.4. In OpenMetrics
the histograms of requests and commands carry exemplars: the latest request of each bucket that brought a
header \`x-request-id\` of its own (at most 100 letters, digits and \`_.:/+=-\`), as \`request_id\`. Prometheus
keeps them with \`--enable-feature=exemplar-storage\`.

**What is counted.** \`docket_transitions_committed_total\` counts events when they are durable, exactly once,
in the process that appended them: its sum is how far this process has moved the head of the log
(\`docket_log_position\`), which a test holds against the log itself. Where an append failed in a way that
nobody knows what became of it, its events are not counted; the log has then stopped, or PostgreSQL was away
for too long. A request is counted once, whatever became of it: also what was refused before it came to a
route, what is no HTTP, and what its caller left (499). Delays of the event loop are those of the last whole
window of ${delayWindowMs / 1_000} seconds, however often and by however many they are read.

**Command to visible row.** \`docket_command_visible_seconds\` is measured on one clock: the server notes when
it took a call in and where in the log its commands ended, and the projector tells it of each commit. At most
${outstandingMax.toLocaleString('en')} calls are watched at a time; commands beyond are counted as skipped. Where
another server's projector keeps the read models, nobody tells this server, and its commands count as skipped
in the end.

**The projector** is a process of its own: the server asks it for its metrics and tells them with its own, as
\`process="projector"\`. One that was started by hand has a port with \`docket projector --metrics-port\`. Alerts,
rules and a dashboard for Grafana: [alerts.md](alerts.md).

**Audits and benchmarks** have ended by the time Prometheus comes: \`docket verify --textfile FOLDER\` leaves
its result (\`docket_audit_…\`) to node_exporter's textfile collector.

**What it costs.** What happens often is counted in plain numbers, and prom-client only writes them down when
somebody reads. An observation takes about 20 ns; one by prom-client's own histogram took 370 ns beside it.

This page is made by \`node scripts/metric-list.ts --write\`.
`;

/** The page as Markdown. */
export function metricList(): string {
  const tables = sections.map(([title, definitions]) => {
    const rows = definitions.map(rowOf).join('\n');
    return `\n## ${title}\n\n| metric | kind | labels | meaning |\n|---|---|---|---|\n${rows}\n`;
  });
  return `${introduction}${tables.join('')}`;
}

function rowOf({ name, kind, labels = {}, help, where }: MetricDefinition): string {
  const told = Object.entries(labels).map(([label, meaning]) => `\`${label}\`: ${meaning}`);
  const condition = where === undefined ? '' : ` Only: ${where}.`;
  return `| \`${name}\` | ${kind} | ${told.join('<br>')} | ${help}${condition} |`;
}

if (import.meta.main && process.argv.includes('--write')) writeFileSync(metricsFile, metricList());
