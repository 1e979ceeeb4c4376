/** What the tests of the generator share: the slow server, and the truth about it. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { developmentCertificate } from '../../../../adapters/certificates/development-certificate.ts';
import type { GeneratorPlan, GeneratorTarget } from '../../../../scripts/load/generator/generator.ts';
import type { SlowRecord } from './slow-server.ts';

type Protocol = GeneratorPlan['protocol'];

/**
 * Whether anything else kept this machine so busy that even this thread's own timers were late: then a
 * generator is right to call itself late, and nothing about it can be learned. Told after `work`, with its
 * result.
 */
export async function watched<T>(work: () => Promise<T>): Promise<{ result: T; disturbed: boolean }> {
  const delay = monitorEventLoopDelay({ resolution: 2 });
  delay.enable();
  const result = await work();
  delay.disable();
  return { result, disturbed: delay.percentile(99) / 1e6 > disturbedMs };
}

/** Half of the lateness that a generator is allowed, and the resolution. */
const disturbedMs = 7;

export interface SlowServer {
  readonly target: GeneratorTarget;
  /** Ends it, and gets what it kept. */
  record(): Promise<SlowRecord>;
}

/** `stallAfterMs` counts from the first request; 0: it never stalls. */
export async function slowServer(protocol: Protocol, stallAfterMs: number): Promise<SlowServer> {
  const folder = await mkdtemp(join(tmpdir(), 'docket-slow-'));
  const { certificate, key } = developmentCertificate({ hosts: [], days: 1, now: Date.now() });
  const files = [join(folder, 'cert.pem'), join(folder, 'key.pem')] as const;
  await writeFile(files[0], certificate);
  await writeFile(files[1], key, { mode: 0o600 });
  const args = [protocol, ...files, String(stallAfterMs)];
  const child = fork(join(import.meta.dirname, 'slow-server.ts'), args, { execArgv: [] });
  const [port]: unknown[] = await once(child, 'message');
  const url = `${protocol === 'http1' ? 'http' : 'https'}://127.0.0.1:${port}`;
  return {
    target: { url, key: '', ...(protocol === 'http1' ? {} : { certificate }) },
    record: async () => {
      child.send('stop');
      const [record]: SlowRecord[] = await once(child, 'message');
      if (record === undefined) throw new Error('the slow server kept nothing');
      return record;
    },
  };
}

/** A server that answers at once, and costs next to nothing; `stop` ends it. */
export async function cannedServer(): Promise<{ readonly target: GeneratorTarget; stop(): void }> {
  const child = fork(join(import.meta.dirname, 'canned-server.ts'), [], { execArgv: [] });
  const [port]: unknown[] = await once(child, 'message');
  return { target: { url: `http://127.0.0.1:${port}`, key: '' }, stop: () => void child.send('stop') };
}

export interface Truth {
  readonly meanMs: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** Of so many requests at a steady rate, from when each was due to when the server answered it. */
export function truthOf(answeredAtMs: readonly number[], firstDueAtMs: number, perSecond: number): Truth {
  const latencies = answeredAtMs.map((atMs, index) => atMs - firstDueAtMs - (index * 1_000) / perSecond);
  const sorted = latencies.toSorted((left, right) => left - right);
  const at = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN;
  const meanMs = latencies.reduce((sum, each) => sum + each, 0) / latencies.length;
  return { meanMs, p50Ms: at(0.5), p90Ms: at(0.9), p99Ms: at(0.99), maxMs: at(1) };
}
