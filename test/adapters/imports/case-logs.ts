/** Case events for tests, from nothing but names of activities. */
import type { CaseEvent } from '../../../adapters/imports/case-event.ts';
import { monday9 } from '../../support/tickets.ts';

/** Cases c1, c2, … one after the other in the file; all begin at the same time and take a minute a step. */
export function casesOf(...cases: readonly (readonly string[])[]): CaseEvent[] {
  let line = 0;
  return cases.flatMap((activities, index) =>
    activities.map((activity, step) => {
      line += 1;
      return {
        caseId: `c${index + 1}`,
        activity,
        lifecycle: undefined,
        at: monday9 + step * 60_000,
        resource: undefined,
        group: undefined,
        attributes: {},
        caseAttributes: {},
        line,
      };
    }),
  );
}

/** As a reader yields them: a few at a time. */
export async function* batchesOf(events: readonly CaseEvent[]): AsyncGenerator<readonly CaseEvent[]> {
  for (let at = 0; at < events.length; at += 3) yield events.slice(at, at + 3);
}
