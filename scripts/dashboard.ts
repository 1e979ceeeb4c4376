/**
 * adapters/metrics/grafana/docket.json, made from the tables of panels in scripts/dashboard.
 * `node scripts/dashboard.ts --write` writes it, `--check` says whether it is as it should be; a test asks
 * the same.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { exitCodes, note, print, reportError } from './cli/output.ts';
import { classicDashboard } from './dashboard/classic.ts';
import type { Row } from './dashboard/panel.ts';
import { http, machine } from './dashboard/server-rows.ts';
import { commands, log, overview, readModels } from './dashboard/transition-rows.ts';

export const dashboardFile = join(import.meta.dirname, '../adapters/metrics/grafana/docket.json');

export const dashboardRows: readonly Row[] = [overview, commands, log, readModels, http, machine];

export function dashboardText(): string {
  const text = JSON.stringify(classicDashboard(dashboardRows), null, 2);
  // Lists of words on one line, as the formatter of this repository wants them.
  const compact = text.replaceAll(/\[\s+("[^"]*"(?:,\s+"[^"]*")*)\s+\]/g, (_, words: string) => {
    return `[${words.replaceAll(/,\s+/g, ', ')}]`;
  });
  return `${compact}\n`;
}

function run({ write, check }: { readonly write?: true; readonly check?: true }): void {
  const text = dashboardText();
  if (write) writeFileSync(dashboardFile, text);
  else if (check !== true) process.stdout.write(text);
  else if (existsSync(dashboardFile) && readFileSync(dashboardFile, 'utf8') === text)
    print('adapters/metrics/grafana/docket.json is up to date');
  else {
    note('adapters/metrics/grafana/docket.json is out of date; `node scripts/dashboard.ts --write` mends it');
    process.exitCode = exitCodes.problemsFound;
  }
}

if (import.meta.main) {
  try {
    await new Command('dashboard')
      .description('the Grafana dashboard as JSON, on the standard output unless told otherwise')
      .option('--write', 'write adapters/metrics/grafana/docket.json')
      .option('--check', 'say whether adapters/metrics/grafana/docket.json is up to date')
      .action(run)
      .parseAsync();
  } catch (error) {
    process.exitCode = reportError(error);
  }
}
