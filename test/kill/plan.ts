/** The commands of the kill tests: a seeded desk, every command with an id, none wrong on purpose. */
import { deskCommands } from '../../adapters/simulation/desk-commands.ts';
import type { Command } from '../../domain/ticket/commands.ts';

export function plan(seed: number): readonly Command[] {
  return [...deskCommands({ seed, tickets: 2_500, wrongShare: 0, repeatedShare: 0.02 })];
}
