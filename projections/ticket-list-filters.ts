/**
 * The conditions of a list of tickets, each with its values as parameters. It must never put a value into the
 * text of a statement.
 */
import { finalCategories } from '../domain/workflow/transition.ts';
import { instantText } from './instants.ts';
import type { SqlValue } from './sql.ts';
import type { ListPeriod, ListQuestion } from './ticket-list.ts';

export class ListFilters {
  readonly values: SqlValue[] = [];
  readonly #conditions: string[] = [];

  /** The next parameter, with its value. */
  parameter(value: SqlValue): string {
    this.values.push(value);
    return `$${this.values.length}`;
  }

  /** A condition whose values begin with the parameter of the number that it is given. */
  add(make: (first: number) => { readonly condition: string; readonly values: readonly SqlValue[] }): void {
    const { condition, values } = make(this.values.length + 1);
    this.values.push(...values);
    this.#conditions.push(condition);
  }

  /** A condition whose parameters are there already. */
  require(condition: string): void {
    this.#conditions.push(condition);
  }

  text(): string {
    return this.#conditions.length === 0 ? 'true' : this.#conditions.join('\n    AND ');
  }

  /** `withLastEvents`: each ticket comes with its last event, whose time an index of events can answer. */
  addAll(question: ListQuestion, withLastEvents: boolean): void {
    this.#oneOf('t.status', question.status);
    this.#oneOf('t.status_category', question.category);
    this.#workflow(question.workflow);
    this.#oneOf('t.assignee', question.assignee);
    this.#oneOf('t.assigned_group', question.group);
    this.#oneOf('t.requester', question.requester);
    this.#oneOf('t.priority', question.priority);
    // Said though the categories say it: the index of tickets that are not closed is then of use.
    const unfinished = question.category?.every((each) => !finalCategories.includes(each)) ?? false;
    if (question.closed === false || unfinished) this.#conditions.push('NOT t.closed');
    if (question.closed === true) this.#conditions.push('t.closed');
    this.#period('t.opened_at', question.opened);
    this.#period(withLastEvents ? 'last.occurred_at' : 't.updated_at', question.updated);
    this.#period('t.resolved_at', question.resolved);
    for (const { name, values } of question.fields) this.#field(name, values);
  }

  #oneOf(column: string, values: readonly string[] | undefined): void {
    if (values === undefined) return;
    const given = values.filter((value) => value !== '');
    const conditions = [
      ...(given.length === 0 ? [] : [`${column} = ANY(${this.parameter(given)}::text[])`]),
      ...(given.length === values.length ? [] : [`${column} IS NULL`]),
    ];
    this.#conditions.push(anyOf(conditions));
  }

  #workflow(values: readonly string[] | undefined): void {
    if (values === undefined) return;
    const parameter = `${this.parameter(values)}::text[]`;
    this.#conditions.push(
      `(t.workflow = ANY(${parameter}) OR split_part(t.workflow, '@', 1) = ANY(${parameter}))`,
    );
  }

  #period(column: string, period: ListPeriod | undefined): void {
    if (period?.from !== undefined) {
      this.#conditions.push(`${column} >= ${this.parameter(instantText(period.from))}::timestamptz`);
    }
    if (period?.to !== undefined) {
      this.#conditions.push(`${column} < ${this.parameter(instantText(period.to))}::timestamptz`);
    }
  }

  /** As containment, which the index of fields answers: the value itself, or one in a list. */
  #field(name: string, values: readonly string[]): void {
    const conditions = values.flatMap((value) => {
      if (value === '') return [`NOT t.fields ? ${this.parameter(name)}`];
      return meanings(value).map((each) => {
        const contained = JSON.stringify({ [name]: each });
        return `t.fields @> ${this.parameter(contained)}::jsonb`;
      });
    });
    this.#conditions.push(anyOf(conditions));
  }
}

/** What a value in an address may stand for: a text, one of a list of texts, a number, yes or no. */
function meanings(value: string): readonly (string | number | boolean | readonly string[])[] {
  const asNumber = /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(value) ? Number(value) : Number.NaN;
  return [
    value,
    [value],
    ...(Number.isFinite(asNumber) ? [asNumber] : []),
    ...(value === 'true' || value === 'false' ? [value === 'true'] : []),
  ];
}

function anyOf(conditions: readonly string[]): string {
  return `(${conditions.join(' OR ')})`;
}
