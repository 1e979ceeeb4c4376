/** `docket import`: files of other systems' histories, and of Docket's own, as commands like any other. */
import { Command } from 'commander';
import { importCsvCommand, importXesCommand } from './import-cases.ts';
import { importUciCommand } from './import-uci.ts';

export function importCommand(): Command {
  return new Command('import')
    .description('bring the history of another system into the log; twice adds nothing')
    .addCommand(importXesCommand())
    .addCommand(importCsvCommand())
    .addCommand(importUciCommand());
}
