/**
 * Writes figures for the textfile collector of node_exporter: the text format of Prometheus 0.0.4, without
 * timestamps, which that collector refuses. A file is replaced as a whole, so that no scrape sees half of it.
 */
import { rename, writeFile } from 'node:fs/promises';

export interface Family {
  readonly name: string;
  readonly help: string;
  readonly kind: 'gauge';
  readonly samples: readonly { readonly labels: Readonly<Record<string, string>>; readonly value: number }[];
}

/** `path` must end in `.prom`: the collector reads nothing else. */
export async function writeTextfile(path: string, families: readonly Family[]): Promise<void> {
  const whole = `${path}.${process.pid}.new`;
  await writeFile(whole, families.map(textOf).join(''), { mode: 0o644 });
  await rename(whole, path);
}

function textOf({ name, help, kind, samples }: Family): string {
  const lines = samples.map(({ labels, value }) => {
    const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`);
    return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${value}\n`;
  });
  return `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${name} ${kind}\n${lines.join('')}`;
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
