/** Everything that `docket serve` can be told on its command line. */
import { type Command, Option } from 'commander';
import type { HttpLimits } from '../../adapters/http/limits.ts';
import { metricsPortDefault } from '../runtime/metrics.ts';
import { snapshotTimes } from '../runtime/snapshots.ts';
import { type TlsOptions, withTls } from '../runtime/tls.ts';
import { webhookPortDefault } from '../runtime/webhooks.ts';
import { readLimit } from './limit-option.ts';
import { type LogOptions, wholeNumber, withLog } from './options.ts';
import { type RateOptions, withRates } from './rate-options.ts';

export const portDefault = 7420;
export const minuteMs = 60_000;
const minutesMax = 7 * 24 * 60;
const unreadyMsMax = 10 * minuteMs;

export interface ServeOptions extends LogOptions, TlsOptions, RateOptions {
  readonly host: string;
  readonly port: number;
  readonly plainHttp?: true;
  readonly unreadyMs: number;
  readonly limit: Partial<HttpLimits>;
  readonly snapshotEvents: number;
  readonly snapshotMinutes: number;
  readonly timers: boolean;
  readonly webhooks: boolean;
  readonly webhookHost: string;
  readonly webhookPort: number;
  readonly metrics: boolean;
  readonly metricsHost: string;
  readonly metricsPort: number;
  readonly demo?: true;
}

export function withServing(command: Command): Command {
  return withLog(withMetrics(withWebhooks(withRates(withTls(withAddress(command))))))
    .option(
      '--snapshot-events <number>',
      'save the tickets in memory after this many events, so that a restart is warm',
      wholeNumber(1),
      snapshotTimes.afterEvents,
    )
    .option(
      '--snapshot-minutes <number>',
      'and after this time, if there was any event',
      wholeNumber(1, minutesMax),
      snapshotTimes.afterMs / minuteMs,
    )
    .option('--no-timers', 'issue nothing by itself: no expiry of holds and offers, no closing, no breaches')
    .option('--demo', 'on an empty log, play a short simulated desk');
}

function withAddress(command: Command): Command {
  return command
    .option('--host <address>', 'where to listen; beyond this machine only with TLS', '127.0.0.1')
    .option('--port <port>', 'where to listen; 0 takes any free one', wholeNumber(0, 65_535), portDefault)
    .option('--plain-http', 'listen beyond this machine without TLS: keys then cross the network in the open')
    .option(
      '--unready-ms <number>',
      'when stopping, serve on for so long after /readyz has said no, for load balancers to look away',
      wholeNumber(0, unreadyMsMax),
      0,
    )
    .addOption(
      new Option('--limit <name=number>', 'another bound for the HTTP server (docs/http-server.md)')
        .argParser(readLimit)
        .default({}, 'none'),
    );
}

function withWebhooks(command: Command): Command {
  return command
    .option('--webhook-host <address>', 'where webhooks come in', '127.0.0.1')
    .addOption(
      new Option(
        '--webhook-port <port>',
        'where webhooks come in, once a source has a secret; 0: any free one',
      )
        .env('DOCKET_WEBHOOK_PORT')
        .argParser(wholeNumber(0, 65_535))
        .default(webhookPortDefault),
    )
    .option('--no-webhooks', 'take no webhooks');
}

function withMetrics(command: Command): Command {
  return command
    .option(
      '--metrics-host <address>',
      'where Prometheus reads metrics, without credentials; see docs/metrics.md',
      '127.0.0.1',
    )
    .addOption(
      new Option('--metrics-port <port>', 'where Prometheus reads metrics; 0: any free one')
        .env('DOCKET_METRICS_PORT')
        .argParser(wholeNumber(0, 65_535))
        .default(metricsPortDefault),
    )
    .option('--no-metrics', 'let nobody read metrics');
}
