/**
 * Reads the text that a Prometheus exporter answers with (text format 0.0.4 and OpenMetrics 1.0): samples
 * only. It must never fail on a line that it does not know: a newer server may say more.
 */

export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Series by the name of their sample, such as `docket_append_duration_seconds_bucket`. */
export type Exposition = ReadonlyMap<string, readonly Series[]>;

const line =
  /^([a-zA-Z_:][\w:]*)(?:\{((?:[^"}]|"(?:[^"\\]|\\.)*")*)\})? +([+-]?[\d.eE+-]+|[+-]?Inf|NaN)(?: .*)?$/;
const label = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;

export function readExposition(text: string): Exposition {
  const found = new Map<string, Series[]>();
  for (const each of text.split('\n')) {
    if (each.startsWith('#')) continue;
    const [, name, labels = '', value] = line.exec(each) ?? [];
    if (name === undefined || value === undefined) continue;
    const list = found.get(name) ?? [];
    list.push({ labels: readLabels(labels), value: numberOf(value) });
    found.set(name, list);
  }
  return found;
}

/** The sum over all series of a name that have these labels; undefined where there is none. */
export function sumOf(
  exposition: Exposition,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  const wanted = Object.entries(labels);
  const fitting = (exposition.get(name) ?? []).filter((series) =>
    wanted.every(([key, value]) => series.labels[key] === value),
  );
  if (fitting.length === 0) return undefined;
  return fitting.reduce((sum, { value }) => sum + value, 0);
}

function readLabels(text: string): Readonly<Record<string, string>> {
  const entries = [...text.matchAll(label)].map(([, name = '', value = '']) => [
    name,
    value.replaceAll(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped)),
  ]);
  return Object.fromEntries(entries);
}

function numberOf(text: string): number {
  if (text === '+Inf' || text === 'Inf') return Number.POSITIVE_INFINITY;
  return text === '-Inf' ? Number.NEGATIVE_INFINITY : Number(text);
}
