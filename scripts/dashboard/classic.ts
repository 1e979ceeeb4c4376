/**
 * The dashboard in Grafana's Classic JSON model, which every version since 8 reads. Data source, job and
 * instances are chosen by whoever looks; nothing else can be changed there, as the next start would undo it.
 */
import type { Panel, Query, Row } from './panel.ts';

export const dashboardUid = 'docket';
/** Grafana 10's; newer ones bring it up to date as they read it. */
const schemaVersion = 39;
const columns = 24;
const lineSize = { w: 8, h: 8 };
const figureSize = { w: 4, h: 4 };

const dataSource = { type: 'prometheus', uid: `\${datasource}` };
const selector = 'job=~"$job",instance=~"$instance"';

interface Place {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

/** Plain JSON. */
export function classicDashboard(rows: readonly Row[]): object {
  return {
    uid: dashboardUid,
    title: 'Docket',
    description: 'Throughput, latency, read models and resources of Docket servers.',
    tags: ['docket'],
    editable: false,
    schemaVersion,
    version: 1,
    refresh: '30s',
    time: { from: 'now-1h', to: 'now' },
    timezone: 'browser',
    graphTooltip: 1,
    annotations: { list: [] },
    links: [],
    templating: { list: variables() },
    panels: placed(rows),
  };
}

/** The query of a panel as it is sent to Prometheus, but for Grafana's own variables. */
export function expressionOf({ expression }: Query): string {
  return expression.replaceAll('$of', selector);
}

function variables(): readonly object[] {
  const shared = { hide: 0, skipUrlSync: false, multi: true, includeAll: true, allValue: '.+', sort: 1 };
  const values = (name: string, label: string, query: string) => ({
    ...shared,
    name,
    label,
    type: 'query',
    datasource: dataSource,
    query: { query, refId: name },
    definition: query,
    refresh: 2,
    current: { selected: true, text: 'All', value: '$__all' },
  });
  return [
    {
      name: 'datasource',
      label: 'Data source',
      type: 'datasource',
      query: 'prometheus',
      hide: 0,
      refresh: 1,
      multi: false,
      includeAll: false,
      current: {},
    },
    values('job', 'Job', 'label_values(docket_build_info, job)'),
    values('instance', 'Instance', 'label_values(docket_build_info{job=~"$job"}, instance)'),
  ];
}

/** From left to right and from top to bottom, each row under its heading. */
function placed(rows: readonly Row[]): readonly object[] {
  const panels: object[] = [];
  let y = 0;
  for (const { title, panels: own } of rows) {
    const place = { x: 0, y, w: columns, h: 1 };
    panels.push({ id: panels.length + 1, type: 'row', title, collapsed: false, gridPos: place, panels: [] });
    y += 1;
    let x = 0;
    let height = 0;
    for (const panel of own) {
      const { w, h } = panel.isFigure ? figureSize : lineSize;
      if (x + w > columns) {
        x = 0;
        y += height;
      }
      panels.push(panelJson(panel, panels.length + 1, { x, y, w, h }));
      x += w;
      height = h;
    }
    y += height;
  }
  return panels;
}

function panelJson(panel: Panel, id: number, gridPos: Place): object {
  const { title, description, unit, isFigure = false, queries } = panel;
  const shared = { id, title, description, gridPos, datasource: dataSource };
  const targets = queries.map((query, place) => ({
    refId: String.fromCharCode('A'.charCodeAt(0) + place),
    datasource: dataSource,
    expr: expressionOf(query),
    legendFormat: query.legend,
    editorMode: 'code',
    range: true,
    exemplar: panel.exemplars ?? false,
  }));
  return isFigure
    ? {
        ...shared,
        type: 'stat',
        fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
        options: { colorMode: 'none', graphMode: 'area', reduceOptions: { calcs: ['lastNotNull'] } },
        targets,
      }
    : {
        ...shared,
        type: 'timeseries',
        fieldConfig: {
          defaults: { unit, min: 0, custom: { fillOpacity: 5, lineWidth: 1, showPoints: 'never' } },
          overrides: [],
        },
        options: {
          legend: { displayMode: 'table', placement: 'bottom', calcs: ['mean', 'max'], showLegend: true },
          tooltip: { mode: 'multi', sort: 'desc' },
        },
        targets,
      };
}
