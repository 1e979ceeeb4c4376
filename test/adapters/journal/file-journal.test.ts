/**
 * The journal in a file keeps the contract, and survives what crashes, other writers and wrong bytes do to
 * it.
 */
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { type FileJournalOptions, openFileJournal } from '../../../adapters/journal/file-journal.ts';
import type { TornJournal } from '../../../adapters/journal/journal-disk.ts';
import { lockFolder } from '../../../adapters/log/segment/lock.ts';
import type { Clock, Journal } from '../../../domain/ports.ts';
import { journalContract, type Note, noted, noteSchema, SetClock } from '../../contracts/journal.ts';
import { temporaryFolder } from '../log/folders.ts';

async function journalFolder(): Promise<string> {
  return join(await temporaryFolder(), 'journal');
}

function openIn(
  folder: string,
  options: Partial<FileJournalOptions<Note>> = {},
  clock: Clock = new SetClock(),
): Promise<Journal<Note>> {
  return openFileJournal({
    folder,
    name: 'journal',
    schema: noteSchema,
    clock,
    lock: lockFolder,
    ...options,
  });
}

/** For the many openings of one test, which has no second writer. */
const unlocked = { lock: async () => ({ release: async () => undefined }) };

const fileIn = (folder: string) => join(folder, 'journal.ndjson');

/** A closed journal with these entries. */
async function journalWith(texts: readonly string[]): Promise<string> {
  const folder = await journalFolder();
  const journal = await openIn(folder);
  await journal.append(texts.map(noted));
  await journal.close();
  return folder;
}

async function textsIn(folder: string): Promise<string[]> {
  const journal = await openIn(folder, unlocked);
  const entries = await journal.read();
  await journal.close();
  return entries.map(({ event }) => event.text);
}

journalContract('file', async (clock) => {
  const folder = await journalFolder();
  let journal = await openIn(folder, {}, clock);
  const first = journal;
  return {
    journal: first,
    reopen: async () => {
      await journal.close();
      journal = await openIn(folder, {}, clock);
      return journal;
    },
    close: () => journal.close(),
  };
});

describe('a journal in a file', () => {
  it("is its owner's alone, folder and file", async () => {
    const folder = await journalWith(['a']);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(statSync(fileIn(folder)).mode & 0o777).toBe(0o600);
  });

  it.each([
    ['folder', 0o750, (folder: string) => folder],
    ['file', 0o640, fileIn],
  ])('refuses a %s that others may read, and says what to run', async (_what, mode, pathOf) => {
    const folder = await journalWith(['a']);
    chmodSync(pathOf(folder), mode);
    const refused = openIn(folder);
    await expect(refused).rejects.toMatchObject({ code: 'file_exposed' });
    await expect(refused).rejects.toThrow(/chmod (700|600) '/);
    chmodSync(pathOf(folder), mode & 0o700);
    expect(await textsIn(folder)).toEqual(['a']);
  });

  it('tells a second opener who has it, and is free again after closing', async () => {
    const folder = await journalFolder();
    const journal = await openIn(folder);
    await expect(openIn(folder)).rejects.toMatchObject({
      code: 'log_locked',
      message: expect.stringContaining(`process ${process.pid}`),
    });
    await journal.close();
    await (await openIn(folder)).close();
  });

  it('makes one write and one sync of what waits together', async () => {
    const folder = await journalFolder();
    const journal = await openIn(folder);
    const probe = await open(fileIn(folder));
    const sync = vi.spyOn(Object.getPrototypeOf(probe), 'datasync');
    await Promise.all(Array.from({ length: 50 }, (_, index) => journal.append([noted(`n${index}`)])));
    expect(sync.mock.calls.length).toBe(1);
    sync.mockRestore();
    await probe.close();
    await journal.close();
  });

  it('takes nothing more after a sync that failed, and answers nobody as if it had worked', async () => {
    const folder = await journalWith(['kept']);
    const journal = await openIn(folder);
    const probe = await open(fileIn(folder));
    const sync = vi.spyOn(Object.getPrototypeOf(probe), 'datasync').mockRejectedValue(new Error('EIO'));
    await expect(journal.append([noted('lost')])).rejects.toMatchObject({ code: 'journal_failed' });
    sync.mockRestore();
    await probe.close();
    await expect(journal.append([noted('later')])).rejects.toMatchObject({ code: 'journal_failed' });
    expect((await journal.read()).map(({ event }) => event.text)).toEqual(['kept']);
    await journal.close();
    expect(await textsIn(folder)).toEqual(['kept']);
  });

  it('has bounds for a line, its entries, and for what waits', async () => {
    const folder = await journalFolder();
    const bounds = { lineBytesMax: 400, entriesMax: 3, appendsWaitingMax: 2 };
    const journal = await openIn(folder, { bounds });
    await expect(journal.append([noted('x'.repeat(400))])).rejects.toMatchObject({ code: 'journal_full' });
    const together = await Promise.allSettled(['a', 'b', 'c'].map((text) => journal.append([noted(text)])));
    expect(together.map((each) => (each.status === 'rejected' ? each.reason.code : 'taken'))).toEqual([
      'taken',
      'taken',
      'overloaded',
    ]);
    await expect(journal.append([noted('d'), noted('e')])).rejects.toMatchObject({ code: 'journal_full' });
    expect(await journal.append([noted('f')])).toHaveLength(1);
    await journal.close();
    expect(await textsIn(folder)).toEqual(['a', 'b', 'f']);
  });
});

describe('a crash', () => {
  it('at any byte of a write leaves what was there before, says what it set aside, and the next append', async () => {
    const whole = readFileSync(fileIn(await journalWith(['first', 'sécond', 'third'])));
    const ends = [...whole.entries()].filter(([, byte]) => byte === 0x0a).map(([at]) => at + 1);
    const lastBegins = ends.at(-2) ?? 0;
    for (let cut = lastBegins; cut <= whole.length; cut += 1) {
      const folder = await journalFolder();
      mkdirSync(folder, { mode: 0o700 });
      writeFileSync(fileIn(folder), whole.subarray(0, cut), { mode: 0o600 });
      const torn: TornJournal[] = [];
      const journal = await openIn(folder, { ...unlocked, onTorn: (each) => torn.push(each) });
      const kept = cut === whole.length ? 3 : 2;
      expect(await journal.read()).toHaveLength(kept);
      const [entry] = await journal.append([noted('next')]);
      expect(entry?.position).toBe(kept + 1);
      await journal.close();
      const isTorn = cut > lastBegins && cut < whole.length;
      expect(torn.map(({ bytes }) => bytes)).toEqual(isTorn ? [cut - lastBegins] : []);
      for (const { keptIn } of torn) expect(readFileSync(keptIn)).toEqual(whole.subarray(lastBegins, cut));
      expect((await textsIn(folder)).at(-1)).toBe('next');
    }
  });

  it('leaves no draft behind that would be in the way', async () => {
    const folder = await journalWith(['a']);
    writeFileSync(`${fileIn(folder)}.draft`, 'half', { mode: 0o600 });
    expect(await textsIn(folder)).toEqual(['a']);
    expect(readdirSync(folder).filter((name) => name.endsWith('.draft'))).toEqual([]);
  });
});

describe('wrong bytes', () => {
  it('are found wherever they are, with the line that holds them, and nothing is changed', async () => {
    const folder = await journalWith(['first', 'second', 'third']);
    const whole = readFileSync(fileIn(folder));
    let line = 1;
    for (const [at, byte] of whole.entries()) {
      const damaged = Buffer.from(whole);
      damaged[at] = byte ^ 0x01;
      writeFileSync(fileIn(folder), damaged);
      const last = at === whole.length - 1;
      if (last) {
        // Without its end the last line can not be told from one that a crash cut short.
        expect(await textsIn(folder)).toEqual(['first', 'second']);
        break;
      }
      const refused = await openIn(folder, unlocked).catch((error: unknown) => error);
      expect(refused).toMatchObject({ code: 'journal_damaged' });
      expect(refused).toMatchObject({ message: expect.stringContaining(`line ${line} of`) });
      expect(readFileSync(fileIn(folder))).toEqual(damaged);
      if (byte === 0x0a) line += 1;
    }
  });

  it.each([
    ['a line taken out', (lines: string[]) => [lines[0], lines[2]], 2],
    ['lines exchanged', (lines: string[]) => [lines[1], lines[0], lines[2]], 1],
    ['a line put in twice', (lines: string[]) => [lines[0], lines[0], lines[1]], 2],
    ['the first line missing', (lines: string[]) => lines.slice(1), 1],
  ])('%s is damage', async (_what, change, line) => {
    const folder = await journalWith(['first', 'second', 'third']);
    const lines = readFileSync(fileIn(folder), 'utf8').trimEnd().split('\n');
    writeFileSync(fileIn(folder), `${change(lines).join('\n')}\n`);
    await expect(openIn(folder)).rejects.toMatchObject({
      code: 'journal_damaged',
      message: expect.stringContaining(`line ${line} of`),
    });
  });

  it('are told from an event that another release wrote', async () => {
    const folder = await journalFolder();
    const schema = noteSchema.extend({ colour: noteSchema.shape.text });
    const journal = await openFileJournal({
      folder,
      name: 'journal',
      schema,
      clock: new SetClock(),
      lock: lockFolder,
    });
    await journal.append([{ ...noted('a'), colour: 'red' }]);
    await journal.close();
    await expect(openIn(folder)).rejects.toMatchObject({
      code: 'input_unreadable',
      message: expect.stringMatching(/entry 1 of .*colour.*the release that wrote it/),
    });
  });
});
