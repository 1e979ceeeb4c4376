/**
 * What every journal must do, whatever it keeps its entries in: `Journal` in domain/ports.ts, sentence by
 * sentence. An adapter's test calls `journalContract` with a way to open an empty journal of `noteSchema`.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { Fault } from '../../domain/errors.ts';
import type { Clock, Journal } from '../../domain/ports.ts';

export const noteSchema = z.strictObject({ type: z.literal('Noted'), text: z.string() });
export type Note = z.infer<typeof noteSchema>;

export const noted = (text: string): Note => ({ type: 'Noted', text });

export interface JournalUnderTest {
  readonly journal: Journal<Note>;
  /** Closes the journal and opens the same one again. */
  reopen(): Promise<Journal<Note>>;
  /** Opens it a second time while it is open; absent where a second one is refused. */
  readonly another?: () => Promise<Journal<Note>>;
  close(): Promise<void>;
}

/** A clock that a test sets. */
export class SetClock implements Clock {
  time = Date.UTC(2026, 0, 1);
  now(): number {
    return this.time;
  }
}

export function journalContract(name: string, open: (clock: Clock) => Promise<JournalUnderTest>): void {
  describe(`journal contract: ${name}`, () => {
    let clock: SetClock;
    let opened: JournalUnderTest;
    beforeEach(async () => {
      clock = new SetClock();
      opened = await open(clock);
    });
    afterEach(() => opened.close());

    it('numbers entries from 1 and gives them the time at which they were appended', async () => {
      const { journal } = opened;
      const first = await journal.append([noted('a'), noted('b')]);
      clock.time += 5;
      const second = await journal.append([noted('c')]);
      expect(first).toEqual([
        { position: 1, recordedAt: clock.time - 5, event: noted('a') },
        { position: 2, recordedAt: clock.time - 5, event: noted('b') },
      ]);
      expect(second).toEqual([{ position: 3, recordedAt: clock.time, event: noted('c') }]);
    });

    it('reads everything, or what comes after a position, now and after a restart', async () => {
      await opened.journal.append([noted('a'), noted('b'), noted('c')]);
      for (const journal of [opened.journal, await opened.reopen()]) {
        expect((await journal.read()).map(({ event }) => event.text)).toEqual(['a', 'b', 'c']);
        expect((await journal.read(2)).map(({ position }) => position)).toEqual([3]);
        expect(await journal.read(3)).toEqual([]);
      }
    });

    it('goes on where it was after a restart', async () => {
      await opened.journal.append([noted('a')]);
      const journal = await opened.reopen();
      expect((await journal.append([noted('b')])).map(({ position }) => position)).toEqual([2]);
      expect((await journal.read()).map(({ event }) => event.text)).toEqual(['a', 'b']);
    });

    it('takes nothing for an append of nothing', async () => {
      expect(await opened.journal.append([])).toEqual([]);
      expect(await opened.journal.read()).toEqual([]);
    });

    it('keeps appends that come together apart, whole and in their order', async () => {
      const texts = Array.from({ length: 40 }, (_, index) => `n${index}`);
      const appended = await Promise.all(
        texts.map((text) => opened.journal.append([noted(text), noted(`${text}+`)])),
      );
      expect(appended.map((entries) => entries.map(({ event }) => event.text))).toEqual(
        texts.map((text) => [text, `${text}+`]),
      );
      const read = await (await opened.reopen()).read();
      expect(read).toEqual(appended.flat());
      expect(read.map(({ position }) => position)).toEqual(read.map((_, index) => index + 1));
    });

    it('never lets its time run backwards', async () => {
      await opened.journal.append([noted('a')]);
      const before = clock.time;
      clock.time -= 60_000;
      const [entry] = await opened.journal.append([noted('b')]);
      expect(entry?.recordedAt).toBe(before);
    });

    it('keeps any text as it was', async () => {
      const text = 'line\nbreak, "quotes", back\\slash, \u2028, nul \0, half \ud800, ü, 🎫';
      await opened.journal.append([noted(text)]);
      const journal = await opened.reopen();
      expect((await journal.read()).map(({ event }) => event.text)).toEqual([text]);
    });

    it('refuses an event of another shape, and takes the next one', async () => {
      const wrong = { type: 'Noted', text: 7 } as unknown as Note;
      await expect(opened.journal.append([noted('a'), wrong])).rejects.toThrow();
      expect((await opened.journal.append([noted('b')]))[0]?.position).toBe(1);
    });

    it('takes nothing more once it is closed, after finishing what was under way', async () => {
      const { journal } = opened;
      const underWay = journal.append([noted('a')]);
      await journal.close();
      expect(await underWay).toHaveLength(1);
      const error = await journal.append([noted('b')]).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(Fault);
      expect(error).toMatchObject({ code: 'journal_failed' });
    });

    it('shows two writers one order, and each what the other appends', async ({ skip }) => {
      const other = (await opened.another?.()) ?? skip('this journal has one writer');
      const heard: string[] = [];
      const { promise, resolve } = Promise.withResolvers<void>();
      opened.journal.watch((entries) => {
        heard.push(...entries.map(({ event }) => event.text));
        if (heard.length >= 20) resolve();
      });
      const texts = Array.from({ length: 20 }, (_, index) => `n${index}`);
      await Promise.all(
        texts.flatMap((text) => [opened.journal.append([noted(`own ${text}`)]), other.append([noted(text)])]),
      );
      await promise;
      expect(heard).toEqual(texts);
      const read = await opened.journal.read();
      expect(read.map(({ position }) => position)).toEqual(read.map((_, index) => index + 1));
      expect(read).toHaveLength(40);
      expect(await other.read()).toEqual(read);
      await other.close();
    });
  });
}
