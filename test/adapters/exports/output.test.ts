/** Where exports go: a file has its name only when it is complete, and nothing half done is left behind. */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterAll, describe, expect, it } from 'vitest';
import { openFile, openStream } from '../../../adapters/exports/output.ts';
import { exportFolder } from './exporting.ts';

const { folder, remove } = exportFolder();
afterAll(remove);

describe('a file', () => {
  it('takes the place of the one before only when it is finished', async () => {
    const path = join(folder, 'events.csv');
    writeFileSync(path, 'before');
    const destination = await openFile(path);
    await destination.write('one ');
    await destination.write(Buffer.from('ü'));
    expect(readFileSync(path, 'utf8')).toBe('before');
    expect(await destination.finish()).toBe(6);
    expect(readFileSync(path, 'utf8')).toBe('one ü');
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('leaves what was there when it is discarded', async () => {
    const path = join(folder, 'kept.csv');
    writeFileSync(path, 'before');
    const destination = await openFile(path);
    await destination.write('half');
    await destination.discard();
    expect(readFileSync(path, 'utf8')).toBe('before');
    expect(readdirSync(folder)).not.toContain('kept.csv.partial');
  });

  it('that can not be made is named', async () => {
    const opening = openFile(join(folder, 'nowhere', 'events.csv'));
    await expect(opening).rejects.toMatchObject({
      code: 'output_unwritable',
      message: expect.stringMatching(/nowhere\/events\.csv can not be written/),
    });
  });
});

describe('a stream', () => {
  it('is waited for when it is slow, and not ended', async () => {
    const taken: string[] = [];
    const slow = new Writable({
      highWaterMark: 4,
      write(chunk, _, done) {
        setTimeout(() => {
          taken.push(String(chunk));
          done();
        }, 1);
      },
    });
    const destination = openStream(slow, 'stdout');
    for (const piece of ['first', 'second']) {
      await destination.write(piece);
      expect(taken.at(-1)).toBe(piece);
    }
    expect(await destination.finish()).toBe(11);
    expect(slow.writableEnded).toBe(false);
  });

  it('whose reader has gone is a fault', async () => {
    const closed = new Writable({ write: (_, __, done) => done(new Error('EPIPE')), highWaterMark: 1 });
    const destination = openStream(closed, 'stdout');
    await expect(destination.write('something')).rejects.toMatchObject({ code: 'output_unwritable' });
  });
});
