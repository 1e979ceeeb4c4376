/**
 * The workflows that the server knows. They are configuration, not history, so no position goes with them.
 */
import { z } from 'zod';
import { nameSchema } from '../../../domain/ticket/values.ts';
import type { HttpApp, HttpContext } from '../context.ts';
import { problem, RequestRefused } from '../problem.ts';
import { workflowJson, workflowSummaryJson } from '../workflow-json.ts';

export function workflowRoutes(app: HttpApp, { workflows, defaultWorkflow }: HttpContext): void {
  const known = workflows.all();
  const details = new Map(known.map((workflow) => [workflow.id, workflowJson(workflow)]));

  app.get('/v1/workflows', async () => ({
    default: workflows.find(defaultWorkflow)?.id,
    workflows: known.map(workflowSummaryJson),
  }));

  /** By name, which is the newest version, or by name@version. */
  const params = z.strictObject({ name: nameSchema });
  app.get('/v1/workflows/:name', { schema: { params } }, async (request) => {
    const { name } = request.params;
    const found = workflows.find(name);
    if (found !== undefined) return details.get(found.id);
    const ids = known.map(({ id }) => id).join(', ');
    throw new RequestRefused(problem('workflow_unknown', `there is no workflow ${name}; known are ${ids}`));
  });
}
