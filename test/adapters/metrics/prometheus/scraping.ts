/** A real Prometheus for tests: with the shipped rules, a scrape each second, and its answers as values. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const rules = join(import.meta.dirname, '../../../../adapters/metrics/prometheus');
const startMsMax = 15_000;

export const hasPrometheus = spawnSync('prometheus', ['--version']).status === 0;

export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  /** The time in seconds, and the value as text. */
  readonly value: readonly [number, string];
}

export interface RunningPrometheus {
  /** The instant value of an expression. Throws what Prometheus has against it. */
  query(expression: string): Promise<readonly Sample[]>;
  /** The `data` of an answer of its API. */
  get(path: string, parameters?: Readonly<Record<string, string>>): Promise<unknown>;
  stop(): Promise<void>;
}

/** Scrapes one server as the job `docket`, keeping exemplars. */
export async function startPrometheus(folder: string, metricsUrl: string): Promise<RunningPrometheus> {
  mkdirSync(folder, { recursive: true });
  const { host } = new URL(metricsUrl);
  const file = join(folder, 'prometheus.yml');
  writeFileSync(
    file,
    JSON.stringify({
      global: { scrape_interval: '1s', evaluation_interval: '1s' },
      rule_files: [join(rules, 'recording.rules.yml'), join(rules, 'alerts.rules.yml')],
      scrape_configs: [{ job_name: 'docket', static_configs: [{ targets: [host] }] }],
    }),
  );
  const port = await freePort();
  const child = spawn(
    'prometheus',
    [
      `--config.file=${file}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--enable-feature=exemplar-storage',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const running = new Api(child, `http://127.0.0.1:${port}`);
  const giveUpAtMs = performance.now() + startMsMax;
  while (performance.now() < giveUpAtMs && child.exitCode === null) {
    if (await running.isReady()) return running;
    await sleep(100);
  }
  child.kill('SIGKILL');
  throw new Error(`prometheus did not start: ${stderr}`);
}

class Api implements RunningPrometheus {
  readonly #child: ChildProcess;
  readonly #url: string;

  constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.#url = url;
  }

  async isReady(): Promise<boolean> {
    return fetch(`${this.#url}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
  }

  async query(expression: string): Promise<readonly Sample[]> {
    const { result } = (await this.get('query', { query: expression })) as { result: readonly Sample[] };
    return result;
  }

  async get(path: string, parameters: Readonly<Record<string, string>> = {}): Promise<unknown> {
    const asked = `${this.#url}/api/v1/${path}?${new URLSearchParams(parameters)}`;
    const answer = (await (await fetch(asked)).json()) as { status: string; error?: string; data: unknown };
    if (answer.status !== 'success')
      throw new Error(`${path} ${JSON.stringify(parameters)}: ${answer.error}`);
    return answer.data;
  }

  stop(): Promise<void> {
    return new Promise((resolve) => {
      this.#child.once('close', () => resolve());
      this.#child.kill('SIGTERM');
    });
  }
}

/** Free a moment ago; nothing else takes ports of its own accord in so short a time. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
