/** What a server is, and the disk under its data folder. */
import { statfs } from 'node:fs/promises';
import type { MetricDefinition, MetricsRegistry } from './registry.ts';

export const serverMetrics = {
  build: {
    name: 'docket_build_info',
    kind: 'gauge',
    help: 'Always 1: what is running, in its labels.',
    labels: { version: 'of Docket', node: 'version of Node.js', log: 'segment, postgres' },
  },
  free: {
    name: 'docket_data_disk_free_bytes',
    kind: 'gauge',
    help: 'What Docket may still write on the disk of its data folder.',
  },
  size: {
    name: 'docket_data_disk_bytes',
    kind: 'gauge',
    help: 'Size of the disk of the data folder.',
  },
} as const satisfies Record<string, MetricDefinition>;

export interface ServerFacts {
  readonly version: string;
  readonly log: string;
  readonly dataDir: string;
}

export function registerServer(registry: MetricsRegistry, { version, log, dataDir }: ServerFacts): void {
  const labels = { version, node: process.versions.node, log };
  registry.value(serverMetrics.build, () => [[labels, 1]]);
  registry.value(serverMetrics.free, async () => {
    const { bavail, bsize } = await statfs(dataDir);
    return bavail * bsize;
  });
  registry.value(serverMetrics.size, async () => {
    const { blocks, bsize } = await statfs(dataDir);
    return blocks * bsize;
  });
}
