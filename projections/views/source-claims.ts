/**
 * What the system that tickets came from claimed of them, beside what Docket finds in their events. An
 * imported history need not be whole: a claim may count what nobody can see any more, and a figure that was
 * found can be shown to anybody. So neither is ever put in place of the other.
 *
 * The claims are the fields reassignment_count, reopen_count and made_sla, as ServiceNow names them. In
 * ServiceNow's incidents a reassignment is a change of the group, not of the agent.
 */
import type { View } from '../view.ts';

const count = (field: string) =>
  `CASE WHEN jsonb_typeof(fields -> '${field}') = 'number' THEN (fields ->> '${field}')::numeric END`;

export const sourceClaims: View = {
  kind: 'view',
  name: 'source_claims',
  meaning:
    'What the system a ticket came from claimed of it (its fields reassignment_count, reopen_count and made_sla), beside' +
    ' what its events show: one row for each ticket with such a claim. Where the log of the source has gaps, the' +
    ' claims count what no event shows.',
  columns: {
    ticket_id: 'The ticket.',
    assigned_group: 'The group that has it now.',
    priority: 'The field priority, as text.',
    claimed_reassignments: 'The field reassignment_count; NULL where there is no such number.',
    rebuilt_reassignments: 'Moves from one group to another, as in ticket_metrics.group_handoffs.',
    claimed_reopens: 'The field reopen_count; NULL where there is no such number.',
    rebuilt_reopens: 'Moves back to unresolved, as in ticket_metrics.reopen_count.',
    claimed_made_sla: 'The field made_sla; NULL where it is neither true nor false.',
    resolution_hours:
      'Hours from the opening to the last resolution, against which made_sla can be held; NULL while it is unresolved.',
  },
  query: `SELECT ticket_id, metrics.assigned_group, metrics.priority,
  ${count('reassignment_count')} AS claimed_reassignments, metrics.group_handoffs AS rebuilt_reassignments,
  ${count('reopen_count')} AS claimed_reopens, metrics.reopen_count AS rebuilt_reopens,
  CASE WHEN jsonb_typeof(fields -> 'made_sla') = 'boolean' THEN (fields ->> 'made_sla')::boolean END AS claimed_made_sla,
  metrics.full_resolution_ms / 3600000.0 AS resolution_hours
FROM docket.ticket JOIN docket.ticket_metrics AS metrics USING (ticket_id)
WHERE fields ?| ARRAY['reassignment_count', 'reopen_count', 'made_sla']`,
};
