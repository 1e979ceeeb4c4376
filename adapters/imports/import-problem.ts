/**
 * Why a row or an element of a file can not be taken, before any rule of a workflow was asked. Problems are
 * values: the import goes on, and accounts for what it could not read.
 */
import type { EpochMs } from '../../domain/ticket/values.ts';

export type ProblemCode =
  | 'cell_count'
  | 'quoting'
  | 'missing_cell'
  | 'unreadable_cell'
  | 'unknown_state'
  | 'no_command'
  | 'malformed_element';

/** A class, because what it stands in for are often objects whose keys a file chose. */
export class ImportProblem {
  readonly code: ProblemCode;
  /** The column or attribute that is at fault, where it is one. */
  readonly column: string | undefined;
  /** What is wrong, and what would be right. */
  readonly message: string;

  constructor(code: ProblemCode, column: string | undefined, message: string) {
    this.code = code;
    this.column = column;
    this.message = message;
  }
}

/** A row or an element that did not become a case event. */
export interface Malformed {
  readonly problem: ImportProblem;
  readonly line: number;
  readonly caseId: string | undefined;
  /** What the file has there, for whoever mends it. */
  readonly record: Readonly<Record<string, unknown>>;
}

export function missing(column: string, right: string): ImportProblem {
  return new ImportProblem('missing_cell', column, `${column} is missing; it must hold ${right}`);
}

export function unreadable(column: string, text: string, right: string): ImportProblem {
  const message = `${column} holds ${JSON.stringify(text.slice(0, 100))}, which is not ${right}`;
  return new ImportProblem('unreadable_cell', column, message);
}

/** Tells what was read from what could not be. */
export function isMalformed(read: object): read is Malformed {
  return 'problem' in read && read.problem instanceof ImportProblem;
}

/** The time, or why there is none. */
export function timeOr(
  column: string,
  text: string | undefined,
  read: (text: string) => EpochMs | undefined,
  right: string,
): EpochMs | ImportProblem {
  if (text === undefined) return missing(column, right);
  return read(text) ?? unreadable(column, text, right);
}
