/**
 * Who works at the desk: groups after the shares of the rates table, each with its agents, and leads over
 * all.
 */
import type { Actor } from '../../domain/ticket/values.ts';
import { type Random, Weighted } from './random.ts';
import { rates } from './rates.ts';

export const defaultGroups: readonly string[] = [
  'service-desk',
  'workplace',
  'network',
  'accounts',
  'email',
  'databases',
  'storage',
  'business-apps',
  'telephony',
  'security',
];

const agentsPerLead = 20;

interface Group {
  readonly name: string;
  readonly share: number;
  readonly agents: readonly Actor[];
}

export class Staff {
  readonly #groups: Weighted<Group>;
  readonly #byName: ReadonlyMap<string, Group>;
  readonly #leads: readonly Actor[];

  /** Each group gets at least one agent, the rest in proportion to its share of tickets' square root. */
  constructor(groups: readonly string[], agentsCount: number) {
    if (agentsCount < groups.length) {
      throw new RangeError(`${groups.length} groups need at least as many agents, not ${agentsCount}`);
    }
    const shares = groups.map((_, index) => rates.groups[index % rates.groups.length]?.incidents ?? 1);
    const sizes = sizesOf(shares.map(Math.sqrt), agentsCount);
    let hired = 0;
    const all = groups.map((name, index) => {
      const agents = Array.from({ length: sizes[index] ?? 1 }, () => {
        hired += 1;
        return { id: `agent-${String(hired).padStart(3, '0')}`, role: 'agent' as const };
      });
      return { name, share: shares[index] ?? 1, agents };
    });
    this.#groups = new Weighted(all, (group) => group.share);
    this.#byName = new Map(all.map((group) => [group.name, group]));
    this.#leads = Array.from({ length: Math.ceil(agentsCount / agentsPerLead) }, (_, index) => ({
      id: `lead-${String(index + 1).padStart(2, '0')}`,
      role: 'lead' as const,
    }));
  }

  group(random: Random): string {
    return this.#groups.pick(random).name;
  }

  agentOf(random: Random, group: string): Actor {
    return random.pick(this.#byName.get(group)?.agents ?? []);
  }

  lead(random: Random): Actor {
    return random.pick(this.#leads);
  }
}

function sizesOf(weights: readonly number[], count: number): readonly number[] {
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const spare = count - weights.length;
  const sizes = weights.map((weight) => 1 + Math.floor((weight / sum) * spare));
  const hired = sizes.reduce((total, size) => total + size, 0);
  return sizes.map((size, index) => (index === 0 ? size + count - hired : size));
}
