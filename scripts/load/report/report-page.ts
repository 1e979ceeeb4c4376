/**
 * The report of a load test as one page of HTML that needs nothing else: the charts' library, the data and
 * the style are in it. Its own policy lets no other script run and nothing be fetched, whatever a scenario's
 * title, a condition or a reason may say. It must never reach a verdict of its own.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Markup, markup } from '../../../adapters/reports/markup.ts';
import type { LoadResult } from '../result.ts';
import { chartData, chartsOf, type Part, partMarkup } from './chart.ts';
import { units } from './figures.ts';
import {
  conditionsPart,
  countingPart,
  kpiPart,
  leakPart,
  nextPart,
  notRunPart,
  recoveryPart,
  validityPart,
} from './findings.ts';
import { lagPart, resourcePart } from './resource-parts.ts';
import { errorsPart, sendDelayChart, throughputPart } from './run-parts.ts';
import { latencyPart, stagesPart } from './stage-parts.ts';
import { style } from './style.ts';
import { header } from './verdict.ts';

/** The whole page, as text. */
export function reportPage(result: LoadResult): string {
  const { scenario } = result;
  const parts = partsOf(result);
  const library = libraryFiles();
  const scripts = [library.script, ...['in-page-figures.js', 'in-page.js'].map(ownScript)];
  const styles = [library.style, style];
  const policy = [
    "default-src 'none'",
    `script-src ${scripts.map(hashOf).join(' ')}`,
    `style-src ${styles.map(hashOf).join(' ')}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  const page = markup`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${scenario.id}: ${scenario.title} – Docket load test</title>
${styles.map((each) => markup`<style>${new Markup(each)}</style>\n`)}</head>
<body>
<main>
${header(result)}<nav aria-label="Sections"><ul>${parts.map(({ id, title }) => markup`<li><a href="#${id}">${title}</a></li>`)}</ul></nav>
<noscript><p>The charts are drawn by a script in this page, which is switched off; all figures are in the tables.</p></noscript>
${parts.map(partMarkup)}</main>
<script type="application/json" id="chart-data">${inScript(dataOf(result, parts))}</script>
${scripts.map((each) => markup`<script>${new Markup(each)}</script>\n`)}</body>
</html>
`;
  return page.text;
}

function partsOf(result: LoadResult): readonly Part[] {
  if (result.verdict === 'not_run') return [kpiPart(result), notRunPart(result), conditionsPart(result)];
  const run = throughputPart(result);
  return [
    kpiPart(result),
    validityPart(result, [sendDelayChart(result)]),
    nextPart(result),
    { ...run, blocks: [...stageChoice(result), ...run.blocks] },
    errorsPart(result),
    latencyPart(result),
    stagesPart(result),
    resourcePart(result),
    lagPart(result),
    recoveryPart(result),
    leakPart(result),
    countingPart(result),
    conditionsPart(result),
  ];
}

/** Shows one stage in all charts over time at once; a mouse can also draw across a chart. */
function stageChoice({ stages }: LoadResult): readonly Markup[] {
  if (stages.length < 2) return [];
  const options = stages.map(
    ({ name, sweep }, index) =>
      markup`<option value="${index}">${name}${sweep === undefined ? '' : `, ${sweep}`}</option>`,
  );
  return [
    markup`<p class="control" hidden><label>Charts show <select id="stage-view"><option value="">the whole run</option>${options}</select></label></p>
`,
  ];
}

function dataOf({ stages, seconds, resources }: LoadResult, parts: readonly Part[]) {
  const starts = [
    ...stages.map(({ fromSecond }) => fromSecond),
    ...seconds.slice(0, 1).map((row) => row.second),
  ];
  const ends = [...stages.map(({ toSecond }) => toSecond), (seconds.at(-1)?.second ?? 0) + 1];
  return {
    units,
    // What was prepared before the first stage is no part of the charts.
    start: starts.length === 0 ? 0 : Math.floor(Math.min(...starts)),
    end: Math.max(...ends),
    stages: stages.map(({ name, role, fromSecond, toSecond }) => ({
      name,
      role,
      from: fromSecond,
      to: toSecond,
    })),
    down: downTimes(resources),
    charts: Object.fromEntries(parts.flatMap(chartsOf).map((chart) => [chart.id, chartData(chart)])),
  };
}

/** From the first probe that was not answered to the next that was; many probes make few intervals. */
function downTimes(resources: LoadResult['resources']): readonly (readonly [from: number, to: number])[] {
  const found: [number, number][] = [];
  let down = false;
  for (const { second, up } of resources) {
    const latest = found.at(-1);
    if (down && latest !== undefined) latest[1] = second;
    else if (!up) found.push([second, second + 1]);
    down = !up;
  }
  return found;
}

/** JSON that can stand in a script element: no `<` in it can end the element or begin a comment. */
function inScript(value: unknown): Markup {
  return new Markup(JSON.stringify(value).replaceAll('<', '\\u003c'));
}

function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}

function ownScript(name: string): string {
  return readFileSync(join(import.meta.dirname, name), 'utf8');
}

/** From the installed package, so that it is never a copy that nobody brings up to date. */
function libraryFiles(): { readonly script: string; readonly style: string } {
  const folder = join(createRequire(import.meta.url).resolve('uplot/package.json'), '..', 'dist');
  return {
    script: readFileSync(join(folder, 'uPlot.iife.min.js'), 'utf8'),
    style: readFileSync(join(folder, 'uPlot.min.css'), 'utf8'),
  };
}
