/**
 * A report as one page of HTML that needs nothing else: no script, no network, nothing to install. Its own
 * policy forbids the browser to fetch anything, whatever the data may say. It is well-formed XML, too.
 */
import { chartMarkup } from './charts.ts';
import { whole } from './format.ts';
import { type Content, Markup, markup } from './markup.ts';
import type { Cell, Report, ReportTable, Section } from './report.ts';

const style = `
:root { color-scheme: light dark; --ground: #fff; --panel: #f6f7f9; --ink: #1c2430; --soft: #5b6675; --rule: #d9dee5;
  --c1: #2463a6; --c2: #d9822b; --c3: #8a4fa8; --c4: #3c8d5a; --inside: #fff; }
@media (prefers-color-scheme: dark) { :root { --ground: #14181e; --panel: #1c2229; --ink: #e4e8ee; --soft: #9aa5b4;
  --rule: #333c47; --c1: #6aa7e8; --c2: #f0a45b; --c3: #c18fdc; --c4: #74c492; --inside: #0d1116; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 960px; margin: 0 auto; padding: 24px 20px 64px; }
h1 { margin: 0; font-size: 26px; } h2 { margin: 48px 0 4px; font-size: 20px; }
.subtitle { margin: 2px 0 12px; font-size: 17px; } .remarks, .intro, .note, dl { color: var(--soft); }
.remarks { margin: 0; padding-left: 18px; font-size: 13px; } .intro { margin: 0 0 14px; }
nav { margin: 16px 0 0; font-size: 14px; } nav a { margin-right: 10px; white-space: nowrap; } a { color: var(--c1); }
figure { margin: 0 0 18px; padding: 12px; background: var(--panel); border-radius: 8px; }
figcaption { font-weight: 600; margin-bottom: 6px; } svg { display: block; width: 100%; height: auto; }
.tables { overflow-x: auto; } table { border-collapse: collapse; margin: 0 0 6px; font-size: 14px; min-width: 50%; }
caption { text-align: left; font-weight: 600; padding: 10px 0 4px; }
th, td { text-align: left; padding: 4px 14px 4px 0; border-bottom: 1px solid var(--rule); vertical-align: top; }
th { font-weight: 600; color: var(--soft); } .number { text-align: right; font-variant-numeric: tabular-nums; }
td.number { white-space: nowrap; } td.long { overflow-wrap: anywhere; }
dl { margin: 4px 0 14px; font-size: 13px; } dt { display: inline; font-weight: 600; } dd { display: inline; margin: 0; }
.note { font-size: 13px; margin: 0 0 10px; } details { margin-bottom: 12px; } summary { cursor: pointer; }
.c1 { fill: var(--c1); } .c2 { fill: var(--c2); } .c3 { fill: var(--c3); } .c4 { fill: var(--c4); }
.line { fill: none; stroke: var(--c1); stroke-width: 2; } .area { fill-opacity: .15; }
.grid { stroke: var(--rule); } .cell { fill: var(--ground); }
text { font: 12px system-ui, sans-serif; } .axis { fill: var(--soft); } .word { fill: var(--ink); } .inside { fill: var(--inside); }
@media print { figure, tr { break-inside: avoid; } }
`;

/** The whole page, as text. */
export function reportPage(report: Report): string {
  const { title, subtitle, remarks, sections } = report;
  const page = markup`<html lang="en" xmlns="http://www.w3.org/1999/xhtml">
<head>
<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"/>
<title>${title}: ${subtitle}</title>
<style>${new Markup(style)}</style>
</head>
<body>
<main>
<h1>${title}</h1>
<p class="subtitle">${subtitle}</p>
<ul class="remarks">${remarks.map((remark) => markup`<li>${remark}</li>`)}</ul>
<nav aria-label="Sections">${sections.map((each) => markup`<a href="#${each.id}">${each.title}</a> `)}</nav>
${sections.map(sectionMarkup)}
</main>
</body>
</html>
`;
  return `<!DOCTYPE html>\n${page.text}`;
}

function sectionMarkup({ id, title, intro, charts, tables }: Section): Markup {
  const figures = charts.map(
    (chart, index) =>
      markup`<figure><figcaption>${chart.title}</figcaption>${chartMarkup(chart, `${id}-${index}`)}</figure>\n`,
  );
  return markup`<section aria-labelledby="${id}">
<h2 id="${id}">${title}</h2>
<p class="intro">${intro}</p>
${figures}${tables.map(tableMarkup)}</section>
`;
}

function tableMarkup(table: ReportTable): Markup {
  if (table.rows.length === 0) return markup``;
  const { caption, headings, rows, definitions, note } = table;
  const place = (column: number) =>
    placeOf(
      rows.map((row) => row[column] ?? ''),
      column,
    );
  const body = markup`<div class="tables"><table>
<caption>${caption}</caption>
<thead><tr>${headings.map((heading, column) => markup`<th scope="col" class="${place(column)}">${heading}</th>`)}</tr></thead>
<tbody>
${rows.map(
  (row) =>
    markup`<tr>${row.map((cell, column) => markup`<td class="${place(column)}">${typeof cell === 'number' ? whole(cell) : cell}</td>`)}</tr>\n`,
)}</tbody>
</table></div>
${note === undefined ? [] : markup`<p class="note">${note}</p>\n`}${definitionList(definitions)}`;
  return table.behindChart === true
    ? markup`<details><summary>${caption}: the figures</summary>${body}</details>`
    : body;
}

function definitionList(definitions: ReportTable['definitions']): Content {
  if (definitions.length === 0) return [];
  return markup`<dl>${definitions.map(
    ({ word, meaning }) => markup`<div><dt>${word}</dt>: <dd>${meaning}</dd></div>`,
  )}</dl>\n`;
}

/** Longer texts than this may be broken anywhere: ways through the statuses have no spaces. */
const unbrokenCharactersMax = 40;

/** How a column stands: figures to the right, durations and percentages as well. */
function placeOf(cells: readonly Cell[], column: number): 'number' | 'text' | 'long' {
  const texts = cells.filter((cell) => typeof cell === 'string');
  if (texts.some((text) => text.length > unbrokenCharactersMax)) return 'long';
  if (texts.length === 0) return 'number';
  const figures = /^(–|[<>]?[\d.,]+( (s|min|h|d|%))?( \(.*\))?)$/;
  return column > 0 && texts.every((text) => figures.test(text)) ? 'number' : 'text';
}
