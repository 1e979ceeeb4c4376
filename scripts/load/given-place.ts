/**
 * A server that somebody else started: nothing of it is started, stopped or changed here. What can be
 * measured depends on what is known of it: with its data folder, on this machine, as much as of our own.
 */
import { existsSync } from 'node:fs';
import { openSegmentReader } from '../../adapters/log/segment/segment-reader.ts';
import { readRecord } from '../../adapters/postgres/server-record.ts';
import { Fault } from '../../domain/errors.ts';
import { readAdminKey } from '../runtime/admin-key.ts';
import { logFolder } from '../runtime/data-folder.ts';
import { readAnnounced } from './docket-process.ts';
import { logOf, logOverHttp } from './log-under-test.ts';
import type { Place, TargetServer } from './place.ts';

export interface GivenServer {
  /** Undefined where the data folder tells it. */
  readonly url: string | undefined;
  readonly key: string | undefined;
  /** Of a server on this machine. */
  readonly dataDir: string | undefined;
  readonly metricsUrl: string | undefined;
}

/** Throws `Fault` where the server can not be found, or there is no key for it. */
export async function openGivenPlace(given: GivenServer): Promise<Place> {
  const { dataDir } = given;
  const announced = dataDir === undefined ? undefined : await readAnnounced(dataDir);
  const url = given.url ?? announced?.url;
  if (url === undefined) {
    throw new Fault('server_unreachable', `no server has announced itself in ${dataDir}; name it with --url`);
  }
  const key = given.key ?? (dataDir === undefined ? undefined : await readAdminKey(dataDir));
  if (key === undefined) {
    throw new Fault('credential_refused', `there is no key for ${url}: name one with --key or DOCKET_KEY`);
  }
  const certificate = announced?.certificate;
  const metricsUrl = given.metricsUrl ?? announced?.metricsUrl;
  const target = { url, key, metricsUrl, ...(certificate === undefined ? {} : { certificate }) };
  const log = await logFor(target, dataDir);
  const postmaster = dataDir === undefined ? undefined : readRecord(dataDir)?.server?.pid;
  return {
    targets: [target],
    processes: announced === undefined ? undefined : { servers: [announced.pid], postmaster },
    log,
    readModels: undefined,
    conditions: {
      servers: `${url}, which was running before`,
      'not measured': whatIsMissing(metricsUrl, announced?.pid, postmaster).join('; ') || 'nothing',
    },
    close: () => log.close(),
  };
}

async function logFor(target: TargetServer, dataDir: string | undefined) {
  if (dataDir === undefined || !existsSync(logFolder(dataDir))) return logOverHttp(target);
  const reader = await openSegmentReader({ folder: logFolder(dataDir) });
  return logOf(reader, () => reader.close());
}

function whatIsMissing(
  metricsUrl: string | undefined,
  pid: number | undefined,
  postmaster: number | undefined,
): readonly string[] {
  return [
    ...(pid === undefined ? ['CPU and memory of the server: --data-dir was not given'] : []),
    ...(pid !== undefined && postmaster === undefined
      ? ['CPU and memory of PostgreSQL: it is not the embedded one']
      : []),
    ...(metricsUrl === undefined
      ? ['heap, event loop, open files, database statements and lag: no exporter is known']
      : []),
    'rows in PostgreSQL: its database is not ours to ask',
  ];
}
