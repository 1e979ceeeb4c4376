/**
 * SLA policies as data: which tickets are promised what. Policies stand in order, and the first that matches
 * a ticket applies, after Zendesk (support.zendesk.com 4408829459866). What applied is stamped on the clock
 * when it starts, so that changing the policies never changes what was promised before.
 */
import { z } from 'zod';
import { type Calendar, type Calendars, roundTheClock } from '../metrics/calendars.ts';
import type { TicketState } from '../ticket/state.ts';
import {
  type EpochMs,
  type FieldValue,
  nameCharactersMax,
  nameSchema,
  timeSchema,
} from '../ticket/values.ts';
import { type SlaHours, type SlaMetric, slaHours, slaMetrics } from './clock.ts';

export const slaLimits = {
  policiesMax: 1_000,
  targetsMax: 200,
  valuesMax: 1_000,
  /** Zendesk's least target, 15 seconds. */
  minutesMin: 0.25,
  /** Ten years. */
  minutesMax: 10 * 366 * 24 * 60,
};

/** For targets: every priority that has no target of its own, and tickets without one. */
export const anyPriority = '*';

const valuesSchema = z.array(nameSchema).min(1).max(slaLimits.valuesMax);

const whenSchema = z.strictObject({
  /** `name` or `name@version`. */
  workflow: nameSchema.optional(),
  /** The ticket is in one of these groups. */
  group: valuesSchema.optional(),
  /** The field category is one of these. */
  category: valuesSchema.optional(),
  /** Each field is, or holds, one of the values, written as text. */
  fields: z.record(nameSchema, valuesSchema).optional(),
});

const targetSchema = z.strictObject({
  metric: z.enum(slaMetrics),
  priority: nameSchema.default(anyPriority),
  minutes: z.number().min(slaLimits.minutesMin).max(slaLimits.minutesMax),
  hours: z.enum(slaHours),
});
export type SlaTarget = z.infer<typeof targetSchema>;

const policySchema = z.strictObject({
  name: nameSchema,
  version: nameSchema,
  /** In force from this business time on; always, where absent. */
  from: timeSchema.optional(),
  when: whenSchema.default({}),
  /** The calendar of its business hours; that of the ticket's group, where absent. */
  calendar: nameSchema.optional(),
  targets: z.array(targetSchema).min(1).max(slaLimits.targetsMax).superRefine(refuseRepeats),
});
export type SlaPolicy = z.infer<typeof policySchema>;

/** The whole file. */
export const slaPoliciesSchema = z.strictObject({
  policies: z.array(policySchema).max(slaLimits.policiesMax).superRefine(refuseSameVersion),
});

/** What the decider needs to keep clocks. */
export interface SlaRules {
  readonly policies: readonly SlaPolicy[];
  readonly calendars: Calendars;
}

/** What a policy promises a ticket for one metric. */
export interface SlaPromise {
  readonly policy: SlaPolicy;
  readonly target: SlaTarget;
  readonly targetMs: number;
}

/** The first policy that is in force and matches; undefined where nothing is promised. */
export function policyFor({ policies }: SlaRules, ticket: TicketState, at: EpochMs): SlaPolicy | undefined {
  return policies.find(
    (policy) => (policy.from === undefined || policy.from <= at) && matches(policy, ticket),
  );
}

/** The target for the priority, else the one for any priority. */
export function promiseOf(
  policy: SlaPolicy | undefined,
  metric: SlaMetric,
  priority: string | undefined,
): SlaPromise | undefined {
  if (policy === undefined) return undefined;
  const ofMetric = policy.targets.filter((target) => target.metric === metric);
  const target =
    ofMetric.find((each) => each.priority === priority) ??
    ofMetric.find((each) => each.priority === anyPriority);
  if (target === undefined) return undefined;
  return { policy, target, targetMs: Math.round(target.minutes * 60_000) };
}

/** The field priority as text, as policies name it; undefined for none. */
export function priorityOf({ fields }: TicketState): string | undefined {
  const { priority } = fields;
  const text = priority === undefined ? '' : textsOf(priority).join(', ');
  return text === '' ? undefined : text.slice(0, nameCharactersMax);
}

/**
 * The calendar that a clock counts by. One that was stamped but is not known any more gives way to that of
 * the ticket's group.
 */
export function calendarFor(
  { calendars }: SlaRules,
  hours: SlaHours,
  name: string | undefined,
  group: string | undefined,
): Calendar {
  if (hours === 'calendar') return roundTheClock;
  return (name === undefined ? undefined : calendars.find(name)) ?? calendars.of(group);
}

/** What is wrong with policies beside their shape, one sentence each. */
export function checkSlaRules({ policies, calendars }: SlaRules): readonly string[] {
  return policies.flatMap(({ name, calendar }, index) =>
    calendar === undefined || calendars.find(calendar) !== undefined
      ? []
      : [
          `policies[${index}].calendar: ${name} names the calendar ${calendar}, which is not in calendars.json`,
        ],
  );
}

function matches({ when }: SlaPolicy, ticket: TicketState): boolean {
  const { workflow, group, category, fields } = when;
  if (workflow !== undefined && workflow !== ticket.workflow && workflow !== nameOf(ticket.workflow))
    return false;
  if (group !== undefined && (ticket.group === undefined || !group.includes(ticket.group))) return false;
  if (category !== undefined && !holds(ticket.fields.category, category)) return false;
  if (fields === undefined) return true;
  return Object.entries(fields).every(([name, values]) => holds(ticket.fields[name], values));
}

function nameOf(workflow: string): string {
  return workflow.slice(0, workflow.lastIndexOf('@'));
}

function holds(value: FieldValue | undefined, wanted: readonly string[]): boolean {
  return value !== undefined && textsOf(value).some((text) => wanted.includes(text));
}

function textsOf(value: FieldValue): readonly string[] {
  return Array.isArray(value) ? value : [String(value)];
}

function refuseRepeats(targets: readonly SlaTarget[], context: z.RefinementCtx): void {
  const seen = new Set<string>();
  for (const [index, { metric, priority }] of targets.entries()) {
    const key = `${metric} for priority ${priority}`;
    const message = `${key} has a target already; keep one of them`;
    if (seen.has(key)) context.addIssue({ code: 'custom', path: [index], message });
    seen.add(key);
  }
}

function refuseSameVersion(policies: readonly SlaPolicy[], context: z.RefinementCtx): void {
  const seen = new Set<string>();
  for (const [index, { name, version }] of policies.entries()) {
    const key = `${name}@${version}`;
    const message = `${key} is there already; a changed policy needs a new version`;
    if (seen.has(key)) context.addIssue({ code: 'custom', path: [index], message });
    seen.add(key);
  }
}
