/** Options that many commands share, and the environment: the only place that reads `process.env`. */
import { resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';

export interface DataOptions {
  readonly dataDir: string;
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

export function withJson(command: Command): Command {
  return command.option('--json', 'print the result as one line of JSON');
}

/** PostgreSQL to use instead of the embedded one. */
export function databaseUrl(): string | undefined {
  const url = process.env.DATABASE_URL;
  return url === undefined || url === '' ? undefined : url;
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
