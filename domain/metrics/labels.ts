/**
 * What analysts tell tickets apart by, beside status, assignee and group: the workflow, and the fields
 * priority and category as they are now. A figure never depends on them.
 */
import type { RecordedEvent } from '../ticket/events.ts';
import type { FieldChanges, Fields, FieldValue } from '../ticket/values.ts';
import { storableText } from './storable-text.ts';

export interface Labels {
  readonly workflow: string;
  /** The fields priority and category, as text. */
  readonly priority: string | undefined;
  readonly category: string | undefined;
}

export function firstLabels(workflow: string, fields: Fields | undefined): Labels {
  return { workflow, priority: textOf(fields?.priority), category: textOf(fields?.category) };
}

/** The labels after one more event; the same object where it changes none. */
export function labelsAfter(before: Labels, event: RecordedEvent): Labels {
  const { workflow } = event;
  const changes = fieldChangesOf(event);
  const priority = labelAfter(before.priority, changes?.priority);
  const category = labelAfter(before.category, changes?.category);
  const same = workflow === before.workflow && priority === before.priority && category === before.category;
  return same ? before : { workflow, priority, category };
}

const redacted: Readonly<Record<'priority' | 'category', FieldChanges>> = {
  priority: { priority: null },
  category: { category: null },
};

function fieldChangesOf(event: RecordedEvent): FieldChanges | undefined {
  switch (event.type) {
    case 'FieldsChanged':
    case 'TicketResolved':
    case 'TicketClosed':
    case 'TicketMoved':
      return event.data.fields;
    case 'ContentRedacted': {
      const { fields } = event.data;
      return {
        ...(fields.includes('priority') ? redacted.priority : {}),
        ...(fields.includes('category') ? redacted.category : {}),
      };
    }
    default:
      return undefined;
  }
}

function labelAfter(before: string | undefined, change: FieldValue | null | undefined): string | undefined {
  return change === undefined ? before : textOf(change ?? undefined);
}

function textOf(value: FieldValue | undefined): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'string') return storableText(value);
  return Array.isArray(value) ? storableText(value.join(', ')) : String(value);
}
