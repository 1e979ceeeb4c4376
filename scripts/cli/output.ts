/** How commands speak: results on stdout (for people, or as one JSON value), everything else on stderr. */
import { type ErrorCode, Fault } from '../../domain/errors.ts';
import { UnknownWorkflow } from '../../domain/workflow/registry.ts';

/**
 * What scripts can rely on. `problemsFound` is a true answer that something is wrong (a failed check, refused
 * commands); `fault` means that the command could not do its work.
 */
export const exitCodes = { ok: 0, problemsFound: 1, usage: 2, fault: 3 } as const;

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

export function print(line = ''): void {
  process.stdout.write(`${line}\n`);
}

/** A note to a person at a terminal; never part of a result. */
export function note(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Rows under headings, columns as wide as their widest cell; numbers to the right. */
export function table(headings: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const texts = rows.map((row) =>
    row.map((cell) => (typeof cell === 'number' ? cell.toLocaleString('en') : cell)),
  );
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...texts.map((row) => row[column]?.length ?? 0)),
  );
  const numeric = headings.map(
    (_, column) => rows.length > 0 && rows.every((row) => typeof row[column] === 'number'),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) =>
        numeric[column] ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd();
  return [line(headings), line(widths.map((width) => '─'.repeat(width))), ...texts.map(line)].join('\n');
}

/** What to do about a fault, where there is more to say than its message does. */
const advice: Partial<Record<ErrorCode, string>> = {
  credential_refused:
    'Put a key into DOCKET_KEY, or run as the user who owns the admin.key of the data folder.',
  database_unavailable: 'Check DATABASE_URL, or leave it unset to use the embedded PostgreSQL.',
  log_damaged:
    'The log was left as it is. Run `docket verify` for all damage, and restore the file from a copy.',
  log_failed: 'Check the disk (space, health), then start again: everything acknowledged is still there.',
  overloaded: 'Send less at once, or try again in a moment.',
  projector_fenced: 'Stop this one, or the other: one projector keeps the read models.',
};

/** Tells an error on stderr and answers the exit code it deserves. */
export function reportError(error: unknown): number {
  if (error instanceof Fault) {
    note(`docket: ${error.message} [${error.code}]`);
    const help = advice[error.code];
    if (help !== undefined) note(help);
    return exitCodes.fault;
  }
  if (isMissingTable(error)) {
    note('docket: the read models do not exist yet; `docket projector --until-caught-up` makes them');
    return exitCodes.fault;
  }
  if (error instanceof UnknownWorkflow) {
    note(`docket: ${error.message}; add its file with \`docket workflow add\``);
    return exitCodes.fault;
  }
  note(`docket: this is a bug; please report it with what follows.`);
  note(error instanceof Error ? (error.stack ?? error.message) : String(error));
  return exitCodes.fault;
}

/** PostgreSQL's codes for a table or schema that is not there. */
export function isMissingTable(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === '42P01' || error.code === '3F000');
}
