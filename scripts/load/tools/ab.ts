/**
 * A scenario as a shell script for ab, which knows one request and no rate: the same number of requests over
 * the same number of connections, as fast as they are answered. Only a scenario with one action can be asked
 * so, and only one that needs no ticket.
 */
import type { Scenario } from '../scenario.ts';
import { planOf, type ToolStage } from './plan.ts';
import type { ToolFile } from './tool.ts';
import { commented, type FileWords, headLines, shellQuoted } from './words.ts';

/** The actions whose requests do not depend on a ticket. */
export const actionsOfAb: ReadonlySet<string> = new Set(['open', 'list', 'search']);

export function abFiles(scenario: Scenario): readonly ToolFile[] {
  const id = scenario.id.toLowerCase();
  const plan = planOf(scenario);
  const action = plan.mix[0]?.action;
  const sample = action === undefined || action === 'advance' ? undefined : plan.samples[action]?.[0];
  if (sample === undefined) throw new Error(`bug: ${scenario.id} was to be written for ab`);
  const { path, body } = sample;
  const bodyName = `${id}-ab.json`;
  const sent = body === undefined ? '' : ` -p "$here"/${shellQuoted(bodyName)} -T application/json`;
  const script = `#!/bin/sh
${commented('#', headLines(scenario, 'ab', wordsFor(id)))}
# DOCKET_OUT is the folder for results (.), AB the program (ab).
set -eu
: "\${DOCKET_KEY:?put an API key of the server into it}"
url=\${DOCKET_URL:-http://127.0.0.1:7420}
here=$(dirname "$0")
out="\${DOCKET_OUT:-.}"
failed=0

# What the stage is, its number, how many requests, over how many connections.
stage() {
  echo "$1"
  "\${AB:-ab}" -k -l -q \${DOCKET_SECONDS:+-t "$DOCKET_SECONDS"} -n "$3" -c "$4" \\
    -H "Authorization: Bearer $DOCKET_KEY"${sent} \\
    -e "$out"/${id}-ab-"$2".csv "$url"${shellQuoted(path)} > "$out"/${id}-ab-"$2".txt
  grep -E '^(Complete|Failed|Non-2xx|Requests per second)' "$out"/${id}-ab-"$2".txt
  if grep -qE '^(Failed requests|Non-2xx responses): +[1-9]' "$out"/${id}-ab-"$2".txt; then failed=1; fi
}

${plan.stages.map(stageLine).join('\n')}
exit "$failed"
`;
  const files = [{ name: `${id}-ab.sh`, text: script, executable: true }];
  return body === undefined ? files : [...files, { name: bodyName, text: body, executable: false }];
}

function stageLine({ name, users, requests, fromPerSecond, toPerSecond, seconds }: ToolStage, index: number) {
  const count =
    requests > 0 ? requests : Math.max(1, Math.round(((fromPerSecond + toPerSecond) / 2) * seconds));
  return `stage ${shellQuoted(name)} ${index + 1} ${count} ${Math.min(users, count)}`;
}

function wordsFor(id: string): FileWords {
  return {
    model:
      'closed, and without a rate: each connection asks again as soon as it was answered. It tells the most' +
      ' that so many connections get, and its latencies are those of a server that is always full; neither is' +
      ' what users at the rate of the scenario would feel (coordinated omission).',
    usage: [
      `DOCKET_KEY=… ./${id}-ab.sh`,
      `DOCKET_KEY=… DOCKET_SECONDS=5 ./${id}-ab.sh    no stage longer than that, whatever is left to ask`,
    ],
    lacks: [
      'keep a rate: it asks for as many requests as the scenario, not when the scenario does.',
      'vary: every request is the same.',
      'judge the KPIs: the script fails on errors only.',
      'hide the key: it is among the arguments of ab, which others on this machine can see.',
    ],
  };
}
