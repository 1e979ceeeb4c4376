/** What the domain asks of the outside and this machine has: the clock, and a digest of texts. */
import { hash } from 'node:crypto';
import type { Clock } from '../../domain/ports.ts';

export const systemClock: Clock = { now: () => Date.now() };

/** 64 bits of SHA-256 are plenty to tell two bodies of one command id apart. */
export const fingerprint = (text: string): string => hash('sha256', text).slice(0, 16);
