/**
 * Requests for tools that cannot make their own: drawn from the generator's maker, so that paths and bodies
 * are the same for every tool, and will stay so. Where a ticket belongs, there is a placeholder.
 */
import { RequestMaker } from '../generator/requests.ts';
import type { Outgoing } from '../generator/transport.ts';
import type { Action } from '../scenario.ts';

/** Stands in paths for the id of a ticket; bodies hold none. */
export const ticketPlaceholder = '{ticketId}';

/** Different requests of one kind: enough for variety, few enough to read in a file. */
const samplesMax = 24;
/** Until as many different ones are found, or there are no more. */
const drawsMax = 400;
const seed = 1;

export type PlainAction = Exclude<Action, 'advance' | 'classify'>;

/** Different requests for an action, the same each time that they are asked for. */
export function samplesOf(action: PlainAction): readonly Outgoing[] {
  const maker = new RequestMaker([{ action, weight: 1 }], seed, [ticketPlaceholder]);
  const found = new Map<string, Outgoing>();
  for (let draw = 0; draw < drawsMax && found.size < samplesMax; draw += 1) add(found, maker.next());
  return [...found.values()];
}

/** For each step that moves a ticket on, in their order, different requests that do. */
export function stepSamples(): readonly (readonly Outgoing[])[] {
  const steps = new Map<number, Map<string, Outgoing>>();
  for (let draw = 0; draw < drawsMax; draw += 1) {
    const maker = new RequestMaker([{ action: 'advance', weight: 1 }], seed + draw, [ticketPlaceholder]);
    let made = maker.next();
    for (let step = 0; made.action === 'advance'; step += 1) {
      const found = steps.get(step) ?? new Map<string, Outgoing>();
      steps.set(step, found);
      if (found.size < samplesMax) add(found, made);
      maker.ended(made, { status: 200, retryAfter: false, body: '' });
      made = maker.next();
    }
  }
  return [...steps.values()].map((found) => [...found.values()]);
}

function add(found: Map<string, Outgoing>, { method, path, body }: Outgoing): void {
  found.set(`${path} ${body ?? ''}`, { method, path, body });
}
