/**
 * What every event log must do, whatever it stores its events in: `domain/ports.ts` sentence by sentence,
 * and each bound, conflict, boundary and error. An adapter's test calls `eventLogContract` with a way to open
 * an empty log; `reopen` (for logs that outlive a close) must open the same log again after `close`.
 */
import { describe } from 'vitest';
import { appendingContract } from './log-appending.ts';
import { atomicityContract } from './log-atomicity.ts';
import { boundsContract } from './log-bounds.ts';
import { closingContract } from './log-closing.ts';
import { commandsContract } from './log-commands.ts';
import { contentContract } from './log-content.ts';
import { liveContract } from './log-live.ts';
import { orderContract } from './log-order.ts';
import { readingContract } from './log-reading.ts';
import { type OpenLog, Subject } from './log-under-test.ts';

export function eventLogContract(name: string, open: OpenLog): void {
  describe(`event log contract: ${name}`, () => {
    const subject = new Subject(open);
    describe('appending', () => appendingContract(subject));
    describe('atomic writes', () => atomicityContract(subject));
    describe('order', () => orderContract(subject));
    describe('bounds', () => boundsContract(subject));
    describe('what is stored', () => contentContract(subject));
    describe('reading', () => readingContract(subject));
    describe('live reading', () => liveContract(subject));
    describe('commands', () => commandsContract(subject));
    describe('closing', () => closingContract(subject));
  });
}
