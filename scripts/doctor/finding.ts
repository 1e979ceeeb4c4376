/**
 * What `docket doctor` says: one finding for each thing that it looked for, with the measurements that it
 * rests on and what to do next. A finding must never rest on less than it tells as evidence.
 */

/**
 * From the worst to the best. `unseen` is no judgement: what it takes to judge could not be had, and the
 * evidence says why.
 */
export const severities = ['critical', 'warning', 'notice', 'unseen', 'ok'] as const;
export type Severity = (typeof severities)[number];

/** What is looked for; docs/doctor.md has a section for each. */
export const patternNames = [
  'memory_sawtooth',
  'throughput_flatline',
  'lag_growing',
  'hot_ticket',
  'slow_queries',
  'connection_bursts',
  'file_descriptors',
  'accept_queue',
  'cpu',
  'permissions',
  'parked_tickets',
  'disk_space',
  'clock',
] as const;
export type PatternName = (typeof patternNames)[number];

export interface Finding {
  readonly pattern: PatternName;
  readonly severity: Severity;
  readonly title: string;
  /** Measurements, each with its unit and the time that it is of. */
  readonly evidence: readonly string[];
  /** What to do; empty where there is nothing to do. */
  readonly next: string;
}

/** What could be looked at, or why it could not. */
export type Looked<T> = { readonly seen: T } | { readonly unseen: string };

export function unseen(pattern: PatternName, why: string): Finding {
  return { pattern, severity: 'unseen', title: 'could not be judged', evidence: [why], next: '' };
}

export function worstFirst(findings: readonly Finding[]): readonly Finding[] {
  return findings.toSorted((a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity));
}
