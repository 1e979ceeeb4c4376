/**
 * Scenarios for the tools that teams already have: either whole files, or a clear word why a tool cannot ask
 * what the scenario asks. It must never write a file that asks something else under the scenario's name.
 */
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Fault } from '../../../domain/errors.ts';
import type { Scenario } from '../scenario.ts';
import { abFiles, actionsOfAb } from './ab.ts';
import { jmeterFiles } from './jmeter.ts';
import { k6Files } from './k6.ts';
import { locustFiles } from './locust.ts';
import { postmanFiles } from './postman.ts';
import type { LoadTool, ToolFile } from './tool.ts';

const executableMode = 0o755;

/** Why that tool cannot be given the scenario; undefined where it can. */
export function reasonNotToExport(scenario: Scenario, tool: LoadTool): string | undefined {
  const { mix, sweep, ladder, protocol } = scenario;
  if (mix.some(({ action }) => action === 'classify')) {
    return 'it classifies tickets, and Docket has no classifier yet';
  }
  // A collection only says what is asked, once each.
  if (tool === 'postman') return undefined;
  if (sweep !== undefined && sweep.over !== 'users') {
    return `it starts servers of its own for each of its ${sweep.over}, and a file for a tool starts none`;
  }
  if (tool === 'k6') return undefined;
  if (ladder !== undefined) {
    return 'it climbs until the objective is missed, and in a closed loop nothing is: less is asked instead';
  }
  if (protocol === 'http2') return 'it asks over HTTP/2, and this tool speaks HTTP/1.1 only';
  return tool === 'ab' ? reasonOfAb(scenario) : undefined;
}

function reasonOfAb({ mix }: Scenario): string | undefined {
  const actions = [...new Set(mix.map(({ action }) => action))];
  if (actions.length > 1) return `ab can ask for one thing only, and it asks for ${actions.join(', ')}`;
  if (actions.every((action) => actionsOfAb.has(action))) return undefined;
  return `ab can not know a ticket, and it asks for ${actions.join(', ')}`;
}

/** The files of that scenario for that tool. Throws `Fault('input_unreadable')` where there can be none. */
export function exportScenario(scenario: Scenario, tool: LoadTool): readonly ToolFile[] {
  const why = reasonNotToExport(scenario, tool);
  if (why !== undefined) {
    throw new Fault('input_unreadable', `${scenario.id} can not be written for ${tool}: ${why}`);
  }
  switch (tool) {
    case 'k6':
      return k6Files(scenario);
    case 'locust':
      return locustFiles(scenario);
    case 'jmeter':
      return jmeterFiles(scenario);
    case 'ab':
      return abFiles(scenario);
    case 'postman':
      return postmanFiles(scenario);
  }
}

/**
 * Writes them into the folder, over those of before, and answers their paths. Throws
 * `Fault('output_unwritable')`.
 */
export async function writeToolFiles(files: readonly ToolFile[], folder: string): Promise<readonly string[]> {
  const paths: string[] = [];
  for (const { name, text, executable } of files) {
    const path = join(resolve(folder), name);
    try {
      await mkdir(resolve(folder), { recursive: true });
      await writeFile(path, text);
      if (executable) await chmod(path, executableMode);
    } catch (cause) {
      throw new Fault('output_unwritable', `${path} can not be written: ${String(cause)}`, { cause });
    }
    paths.push(path);
  }
  return paths;
}
