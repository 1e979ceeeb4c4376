/** The Grafana dashboard: made from its tables, by the rules of Grafana's linter, of metrics that exist. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { expressionOf } from '../../scripts/dashboard/classic.ts';
import { dashboardFile, dashboardRows, dashboardText } from '../../scripts/dashboard.ts';
import { knownSamples, samplesIn } from '../adapters/metrics/known-metrics.ts';

interface Target {
  readonly refId: string;
  readonly expr: string;
  readonly legendFormat: string;
  readonly datasource: { readonly type: string; readonly uid: string };
}
interface PanelJson {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly datasource?: { readonly type: string; readonly uid: string };
  readonly fieldConfig?: { readonly defaults: { readonly unit: string } };
  readonly targets?: readonly Target[];
}
interface Variable {
  readonly name: string;
  readonly type: string;
  readonly query: string | { readonly query: string };
  readonly multi: boolean;
  readonly allValue?: string;
}

const dashboard = JSON.parse(readFileSync(dashboardFile, 'utf8')) as {
  uid: string;
  editable: boolean;
  templating: { list: readonly Variable[] };
  panels: readonly PanelJson[];
};
const panels = dashboard.panels.filter(({ type }) => type !== 'row');
const targets = panels.flatMap(({ title, targets: own = [] }) => own.map((target) => ({ title, ...target })));

it('is up to date', () => {
  const help = 'it is out of date: run `node scripts/dashboard.ts --write`';
  expect(readFileSync(dashboardFile, 'utf8') === dashboardText(), help).toBe(true);
});

describe('the dashboard', () => {
  it('has a name of its own that stays, and can not be edited', () => {
    expect(dashboard).toMatchObject({ uid: 'docket', editable: false });
  });

  it('lets data source, job and instance be chosen', () => {
    const [source, job, instance] = dashboard.templating.list;
    expect(source).toMatchObject({ name: 'datasource', type: 'datasource', query: 'prometheus' });
    expect(job).toMatchObject({ name: 'job', type: 'query', multi: true, allValue: '.+' });
    expect(instance).toMatchObject({ name: 'instance', type: 'query', multi: true, allValue: '.+' });
  });

  it('has panels that do not lie on one another, each with an id of its own', () => {
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
    const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)}/${y + Math.floor(cell / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    for (const { gridPos } of dashboard.panels) expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
  });

  it.each(panels)('says in $title what it shows, in which unit, from the chosen source', (panel) => {
    expect(panel.title).not.toBe('');
    expect(panel.description?.length).toBeGreaterThan(20);
    expect(panel.fieldConfig?.defaults.unit).toMatch(/./);
    expect(panel.datasource).toEqual({ type: 'prometheus', uid: `\${datasource}` });
    expect(panel.targets?.length).toBeGreaterThan(0);
    expect(new Set(panel.targets?.map(({ refId }) => refId)).size).toBe(panel.targets?.length);
  });

  it.each(targets)('asks in $title only for what is chosen: $expr', ({ expr, legendFormat }) => {
    expect(legendFormat).not.toBe('');
    const selectors = [...expr.matchAll(/\{([^}]*)\}/g)].map(([, inside = '']) => inside);
    expect(selectors.length).toBe(samplesIn(expr).length);
    for (const selector of selectors) expect(selector).toContain('job=~"$job",instance=~"$instance"');
    for (const [range] of expr.matchAll(/\[[^\]]*\]/g)) expect(range).toBe('[$__rate_interval]');
  });

  it.each(targets)('asks in $title for metrics that exist, counters by their rate: $expr', ({ expr }) => {
    const names = samplesIn(expr);
    expect(names.length).toBeGreaterThan(0);
    for (const name of names) {
      const kind = knownSamples.get(name)?.kind;
      expect(kind, `no metric is called ${name}`).toBeDefined();
      const isRated = new RegExp(`(rate|increase)\\(${name}\\{`).test(expr);
      expect(isRated, `${name} is a ${kind}`).toBe(kind !== 'gauge');
    }
  });

  it('names in its legends only labels that the lines have', () => {
    for (const { title, expr, legendFormat } of targets) {
      const kept = /\bby \(([^)]*)\)/.exec(expr)?.[1]?.split(/,\s*/);
      const own = samplesIn(expr).flatMap((name) => Object.keys(knownSamples.get(name)?.labels ?? {}));
      for (const [, label] of legendFormat.matchAll(/\{\{(\w+)\}\}/g)) {
        expect(kept ?? own, `${title}: ${expr}`).toContain(label);
        expect([...own, 'instance'], `${title}: ${expr}`).toContain(label);
      }
    }
  });

  it('shows what its tables say, all of it', () => {
    const expected = dashboardRows.flatMap((row) =>
      row.panels.flatMap(({ queries }) => queries.map(expressionOf)),
    );
    expect(targets.map(({ expr }) => expr)).toEqual(expected);
  });
});
