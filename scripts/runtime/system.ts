/** What the domain asks of the outside and this machine has: the clock. */
import type { Clock } from '../../domain/ports.ts';

export const systemClock: Clock = { now: () => Date.now() };
