/**
 * What the sections of a load report are made of: headings, tables, lists of facts, and what stands in the
 * place of a chart for which nothing was measured. Everything goes through the escaping of `markup`.
 */
import { type Content, type Markup, markup } from '../../../adapters/reports/markup.ts';

export interface Cells {
  readonly caption: string;
  readonly headings: readonly string[];
  /** The first cell of a row is what the row is about, and so its heading. */
  readonly rows: readonly (readonly Content[])[];
  /** Columns that are not figures and so stand to the left; the first one always does. */
  readonly texts?: readonly number[];
  /** Rows to set apart, by their index. */
  readonly marked?: readonly number[];
}

export function section(id: string, title: string, intro: Content, content: Content): Markup {
  return markup`<section aria-labelledby="${id}">
<h2 id="${id}">${title}</h2>
${intro === '' ? '' : markup`<p class="intro">${intro}</p>\n`}${content}
</section>
`;
}

/** Wide tables scroll within their own frame, which the keyboard can reach. */
export function tableMarkup({ caption, headings, rows, texts = [], marked = [] }: Cells): Markup {
  const place = (column: number) => (column === 0 || texts.includes(column) ? 'text' : 'number');
  const heading = (text: string, column: number) =>
    markup`<th scope="col" class="${place(column)}">${text}</th>`;
  const row = (cells: readonly Content[], index: number) => {
    const [first = '', ...others] = cells;
    const rest = others.map((cell, column) => markup`<td class="${place(column + 1)}">${cell}</td>`);
    return markup`<tr${marked.includes(index) ? markup` class="marked"` : ''}><th scope="row">${first}</th>${rest}</tr>\n`;
  };
  return markup`<div class="tables" tabindex="0" role="region" aria-label="${caption}"><table>
<caption>${caption}</caption>
<thead><tr>${headings.map(heading)}</tr></thead>
<tbody>
${rows.map(row)}</tbody>
</table></div>
`;
}

export function facts(entries: readonly (readonly [name: string, value: Content])[]): Markup {
  return markup`<dl class="facts">${entries.map(
    ([name, value]) => markup`<div><dt>${name}</dt><dd>${value}</dd></div>`,
  )}</dl>\n`;
}

export function list(items: readonly Content[], ordered = false): Markup {
  const lines = items.map((item) => markup`<li>${item}</li>`);
  return ordered ? markup`<ol>${lines}</ol>\n` : markup`<ul>${lines}</ul>\n`;
}

export function paragraph(content: Content): Markup {
  return markup`<p>${content}</p>\n`;
}

/** Never an empty axis: what is missing, and why. */
export function notMeasured(title: string, why: string): Markup {
  return markup`<div class="missing"><h3>${title}</h3><p>Not measured: ${why}</p></div>\n`;
}

/** A judgement as a word with a sign, so that it does not hang on its colour. */
export function judged(tone: 'good' | 'bad' | 'warn' | 'none', word: string): Markup {
  const signs = { good: '✓', bad: '✗', warn: '!', none: '–' } as const;
  return markup`<span class="judged ${tone}"><span aria-hidden="true">${signs[tone]}</span> ${word}</span>`;
}
