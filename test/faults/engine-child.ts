/** Run under strace by the fault tests: an engine on a log. What it tells stands in child.ts. */
import { Engine } from '../../domain/engine.ts';
import { builtInWorkflows, defaultWorkflow } from '../../domain/workflow/registry.ts';
import { systemClock } from '../../scripts/runtime/system.ts';
import { runChild } from './child.ts';

await runChild((log) => {
  const workflows = builtInWorkflows;
  const engine = new Engine({ log, clock: systemClock, workflows, defaultWorkflow });
  return async (commandId) => {
    const actor = { id: 'rita', role: 'requester' } as const;
    const data = { fields: { subject: 'a ticket like any other' } };
    const [outcome] = await engine.submit([{ type: 'OpenTicket', commandId, actor, data }]);
    if (outcome?.status !== 'accepted') throw new Error(`${commandId}: ${JSON.stringify(outcome)}`);
    return outcome.position;
  };
});
