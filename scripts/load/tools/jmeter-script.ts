/** The shell script beside a JMeter plan: it works out times, hides the key, and fails where answers did. */
import { eventsVariable } from './jmeter-elements.ts';
import type { ToolPlan, ToolStage } from './plan.ts';
import { shellQuoted } from './words.ts';

export interface JmeterRun {
  /** Of the scenario, in lower case. */
  readonly id: string;
  /** What the file says of itself, as a comment. */
  readonly head: string;
  readonly plan: ToolPlan;
  /** As the plan's thread groups have them. */
  readonly stages: readonly ToolStage[];
}

export function jmeterScript({ id, head, plan, stages }: JmeterRun): string {
  const lines = stages.map(
    ({ lasts, seconds, requests, fromPerSecond }) => `${lasts} ${seconds} ${requests} ${fromPerSecond}`,
  );
  return `#!/bin/sh
${head}
# DOCKET_OUT is the folder for results (.), JMETER the program (jmeter).
set -eu
: "\${DOCKET_KEY:?put an API key of the server into it}"
here=$(dirname "$0")
results="\${DOCKET_OUT:-.}"/${shellQuoted(`${id}.jtl`)}
properties=$(mktemp)
trap 'rm -f "$properties"' EXIT
rm -f "$results"
cat > "$properties" <<EOF
docket.url=\${DOCKET_URL:-http://127.0.0.1:7420}
docket.key=$DOCKET_KEY
jmeter.save.saveservice.output_format=csv
sample_variables=${eventsVariable}
jmeter.save.saveservice.print_field_names=true
jmeter.save.saveservice.response_message=false
jmeter.save.saveservice.assertion_results_failure_message=false
EOF
# Each stage: what DOCKET_SECONDS makes of it, its seconds, its number of requests (or 0), its rate.
awk -v asked="\${DOCKET_SECONDS:-0}" -v shared=${plan.sharedSeconds} '{
  seconds = $2
  if (asked > 0 && $1 == "shared" && shared > 0) seconds = $2 * asked / shared
  if (asked > 0 && $1 == "each") seconds = asked
  if (asked > 0 && $1 == "most" && seconds > asked) seconds = asked
  seconds = int(seconds + 0.5)
  if (seconds < 1) seconds = 1
  rate = $3 > 0 ? $3 / seconds : $4
  printf "docket.stage.%d.seconds=%d\\ndocket.stage.%d.perMinute=%.3f\\n", NR, seconds, NR, rate * 60
}' >> "$properties" <<'EOF'
${lines.join('\n')}
EOF
"\${JMETER:-jmeter}" -n -t "$here"/${shellQuoted(`${id}.jmx`)} -q "$properties" -l "$results" \\
  -j "\${DOCKET_OUT:-.}"/${shellQuoted(`${id}-jmeter.log`)}
awk -F, '
  { gsub(/"/, "") }
  NR == 1 { for (i = 1; i <= NF; i++) column[$i] = i; next }
  { asked++; events += $column["${eventsVariable}"]; if ($column["success"] != "true") failed++ }
  END { printf "%d requests, %d failed, %d events acknowledged\\n", asked, failed, events; exit(asked == 0 || failed > asked * ${plan.limits.errorShareMax}) }
' "$results"
`;
}
