/** A workflow as data for tests: what a city does with a fine, with names as logs have them. */
import type { DraftDefinition } from '../../domain/workflow/definition.ts';

export const fines = {
  name: 'fines',
  version: '1',
  description: 'What a city does with a fine.',
  initial: 'Create Fine',
  states: {
    'Create Fine': { category: 'new' },
    'Send Fine': {
      category: 'open',
      on: { ResolveTicket: { to: 'Payment', when: ['resolutionGiven'] }, AddComment: { by: ['lead'] } },
    },
    'Insert Date Appeal to Prefecture': { category: 'hold' },
    Payment: { category: 'resolved', on: { CloseTicket: [{ to: 'done', by: ['system'] }] } },
    'Send for Credit Collection %2F Court': { category: 'closed' },
    done: { label: 'Paid in full', category: 'closed' },
  },
  moves: [
    { from: 'Create Fine', to: 'Send Fine', count: 9 },
    { from: 'Create Fine', to: 'Payment', by: ['requester', 'integration'] },
    { from: 'Send Fine', to: 'Insert Date Appeal to Prefecture', when: ['assigneeSet'] },
    { from: 'Send Fine', to: 'Send for Credit Collection %2F Court', by: ['lead'] },
    { from: 'Insert Date Appeal to Prefecture', to: 'Send Fine' },
    { from: 'Payment', to: 'Payment' },
    { from: 'Payment', to: 'Send for Credit Collection %2F Court' },
  ],
} satisfies DraftDefinition;
