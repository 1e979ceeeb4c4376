/**
 * What the processes of writer-child.ts told on one folder, one after the other, and what must hold between
 * them whatever happened: acknowledged ⊆ recovered ⊆ issued, in order.
 */

export interface Told {
  /** Command ids in the order of their positions, from 1 on. */
  readonly recovered: readonly string[];
  readonly issued: readonly string[];
  /** Positions by command id. */
  readonly acknowledged: ReadonlyMap<string, number>;
  /** Codes by command id. */
  readonly refused: ReadonlyMap<string, string>;
  readonly opened: boolean;
  /** How it ended: in order, by telling a code, or not at all. */
  readonly end: 'closed' | 'silent' | { readonly code: string };
}

export function readTold(stdout: string): Told {
  const [recovered, issued]: [string[], string[]] = [[], []];
  const [acknowledged, refused] = [new Map<string, number>(), new Map<string, string>()];
  let opened = false;
  let end: Told['end'] = 'silent';
  for (const line of stdout.split('\n').slice(0, -1)) {
    const [word, first = '', second = ''] = line.split(' ');
    if (word === 'recovered') recovered[Number(second) - 1] = first;
    else if (word === 'opened') opened = true;
    else if (word === 'issued') issued.push(first);
    else if (word === 'acknowledged') acknowledged.set(first, Number(second));
    else if (word === 'refused') refused.set(first, second);
    else if (word === 'closed') end = 'closed';
    else if (word === 'unopened' || word === 'unclosed') end = { code: first };
    else if (word !== 'closing') throw new Error(`not a line of the child: ${line}`);
  }
  return { recovered, issued, acknowledged, refused, opened, end };
}

/** What the last process on the folder, which met no fault, shows to have gone wrong in those before it. */
export function losses(before: readonly Told[], last: Told, commandCount: number): string[] {
  const found: string[] = [];
  if (!last.opened) return [`the next process did not open the log: ${JSON.stringify(last.end)}`];
  for (const [process, { acknowledged, recovered }] of before.entries()) {
    for (const [commandId, position] of acknowledged) {
      if (last.recovered[position - 1] === commandId) continue;
      found.push(`${commandId} was acknowledged at ${position} by process ${process} and is not there`);
    }
    for (const [index, commandId] of recovered.entries()) {
      if (last.recovered[index] === commandId) continue;
      found.push(`${commandId} was shown at ${index + 1} by process ${process} and is not there`);
    }
  }
  const issued = before.flatMap((told) => told.issued);
  let next = 0;
  for (const commandId of last.recovered) {
    const at = issued.indexOf(commandId, next);
    if (at < 0) found.push(`${commandId} was recovered, but not issued at this place in the order`);
    else next = at + 1;
  }
  if (last.acknowledged.size !== commandCount || last.end !== 'closed') {
    found.push(`the next process does not go on: ${JSON.stringify(last.end)} ${[...last.refused]}`);
  }
  return found;
}
