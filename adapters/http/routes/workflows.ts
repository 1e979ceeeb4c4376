/**
 * The workflows that the server knows. They are configuration, not history, so no position goes with them.
 */
import { z } from 'zod';
import { nameSchema } from '../../../domain/ticket/values.ts';
import type { HttpContext } from '../context.ts';
import { problem, RequestRefused } from '../problem.ts';
import { type Route, route } from '../route.ts';
import {
  workflowJson,
  workflowJsonSchema,
  workflowSummaryJson,
  workflowSummarySchema,
} from '../workflow-json.ts';

export function workflowRoutes({ workflows, defaultWorkflow }: HttpContext): readonly Route[] {
  const known = workflows.all();
  const details = new Map(known.map((workflow) => [workflow.id, workflowJson(workflow)]));
  return [
    route({
      id: 'listWorkflows',
      method: 'GET',
      path: '/v1/workflows',
      group: 'Workflows',
      summary: 'The workflows that tickets can live by',
      scope: 'tickets:read',
      answers: {
        200: {
          meaning: 'All of them, and the one that tickets get which name none.',
          schema: z.object({
            default: z.string().optional(),
            workflows: z.array(workflowSummarySchema),
          }),
        },
      },
      problems: [],
      example: {},
      handle: () => ({
        default: workflows.find(defaultWorkflow)?.id,
        workflows: known.map(workflowSummaryJson),
      }),
    }),
    route({
      id: 'getWorkflow',
      method: 'GET',
      path: '/v1/workflows/{name}',
      group: 'Workflows',
      summary: 'One workflow: its states, and who may do what from each',
      description: 'By name, which is the newest version, or by name@version.',
      scope: 'tickets:read',
      params: z.strictObject({ name: nameSchema }),
      answers: { 200: { meaning: 'The workflow.', schema: workflowJsonSchema } },
      problems: ['workflow_unknown'],
      example: { params: { name: 'support' } },
      handle: ({ params: { name } }) => {
        const found = workflows.find(name);
        if (found !== undefined) return details.get(found.id);
        const ids = known.map(({ id }) => id).join(', ');
        throw new RequestRefused(
          problem('workflow_unknown', `there is no workflow ${name}; known are ${ids}`),
        );
      },
    }),
  ];
}
