/** Options that many commands share, and the environment: the only place that reads `process.env`. */
import { resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';

export interface DataOptions {
  readonly dataDir: string;
}

/** Where the events are kept: in files of the data folder, or in PostgreSQL. */
export const logKinds = ['segment', 'postgres'] as const;
export type LogKind = (typeof logKinds)[number];

export interface LogOptions extends DataOptions {
  readonly log: LogKind;
}

export interface JsonOptions {
  readonly json?: true;
}

export function withDataDir(command: Command): Command {
  return command.addOption(
    new Option('--data-dir <folder>', 'where the log and the embedded PostgreSQL live')
      .env('DOCKET_DATA_DIR')
      .default('.docket')
      .argParser((folder) => resolve(folder)),
  );
}

export function withLog(command: Command): Command {
  const meaning =
    'segment: files in the data folder, one process writes; postgres: tables in the PostgreSQL of DATABASE_URL,' +
    ' which any number of processes may share';
  return withDataDir(command).addOption(
    new Option('--log <kind>', meaning).env('DOCKET_LOG').choices(logKinds).default('segment'),
  );
}

export function withJson(command: Command): Command {
  return command.option('--json', 'print the result as one line of JSON');
}

/** PostgreSQL to use instead of the embedded one. */
export function databaseUrl(): string | undefined {
  const url = process.env.DATABASE_URL;
  return url === undefined || url === '' ? undefined : url;
}

/** The key that commands bring to a running server, instead of the data folder's own. */
export function environmentKey(): string | undefined {
  const key = process.env.DOCKET_KEY;
  return key === undefined || key === '' ? undefined : key;
}

/** A whole number from `least` to `most`, as an option's value. */
export function wholeNumber(least: number, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
    const upTo = most === Number.MAX_SAFE_INTEGER ? '' : `, at most ${most}`;
    throw new InvalidArgumentError(`It must be a whole number of at least ${least}${upTo}.`);
  };
}
