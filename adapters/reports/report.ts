/**
 * A report between its figures and how they are shown: sections of tables and charts, in words, for a
 * terminal as well as for a page. Charts never say anything that no table says.
 */

export type Cell = string | number;

export interface ReportTable {
  readonly caption: string;
  readonly headings: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
  /** What the words in it mean. */
  readonly definitions: readonly Definition[];
  /** Such as how many rows were left out. */
  readonly note?: string | undefined;
  /** The figures behind a chart, too long for a terminal. */
  readonly behindChart?: true;
}

export interface Definition {
  readonly word: string;
  readonly meaning: string;
}

interface ChartText {
  readonly title: string;
  /** What it shows, for those who can not see it. */
  readonly description: string;
}

export interface Series {
  readonly name: string;
  readonly values: readonly number[];
}

export type Chart = ChartText &
  (
    | { readonly kind: 'line'; readonly labels: readonly string[]; readonly values: readonly number[] }
    | { readonly kind: 'columns'; readonly labels: readonly string[]; readonly series: readonly Series[] }
    | {
        readonly kind: 'bars';
        readonly labels: readonly string[];
        readonly series: readonly Series[];
        /** How long a bar is: `log` for durations from seconds to months. */
        readonly scale: 'linear' | 'log';
        readonly format: (value: number) => string;
      }
    | {
        readonly kind: 'heat';
        readonly rows: readonly string[];
        readonly columns: readonly string[];
        /** One value per row and column; 0 is left empty. */
        readonly values: readonly (readonly number[])[];
      }
  );

export interface Section {
  /** Also the anchor of the page. */
  readonly id: string;
  readonly title: string;
  /** What the section is about, or that there is nothing. */
  readonly intro: string;
  readonly charts: readonly Chart[];
  readonly tables: readonly ReportTable[];
}

export interface Report {
  readonly title: string;
  /** The period and the filter, in words. */
  readonly subtitle: string;
  /** Which state of the log the figures are of, and what else has to be known about all of them. */
  readonly remarks: readonly string[];
  readonly sections: readonly Section[];
}
