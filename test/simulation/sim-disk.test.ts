/** The simulated disk is as harsh as it says: a kinder one would find nothing and prove nothing. */
import { describe, expect, test } from 'vitest';
import { Random } from '../../adapters/simulation/random.ts';
import { type CrashStateOptions, crashStates } from './crash-states.ts';
import { type Misfortune, SimDisk } from './sim-disk.ts';

const states: CrashStateOptions = {
  names: 'any',
  allStatesMax: 10_000,
  samples: 0,
  random: new Random(1),
  unread: () => false,
};

/** Each distinct state as one text: names, and bytes as runs of a character. */
function left(disk: SimDisk, options: Partial<CrashStateOptions> = {}): string[] {
  const seen = new Map<string, string>();
  for (const state of crashStates(disk.crashPoint(), { ...states, ...options })) {
    const files = [...state.image()].map(([path, bytes]) => `${path}=${runs(bytes)}`);
    seen.set(state.key, files.join(' '));
  }
  return [...seen.values()].sort();
}

function runs(bytes: Buffer): string {
  const text = bytes.toString('latin1').replaceAll('\0', '0');
  return text.replaceAll(/(.)\1*/g, (run, character: string) => `${character}${run.length}`);
}

/** A file of `size` bytes of "a", durable by bytes and by name. */
function diskWith(size: number, sectorBytes = 512): SimDisk {
  return new SimDisk(new Map([['/d/f', Buffer.alloc(size, 'a')]]), { sectorBytes });
}

function once(misfortune: Misfortune, of: string): SimDisk['onOperation'] {
  let due = true;
  return ({ kind }) => {
    if (!due || kind !== of) return undefined;
    due = false;
    return misfortune;
  };
}

describe('bytes', () => {
  test('that were not synced are lost or kept sector by sector, in every combination', async () => {
    const disk = diskWith(1_536);
    const file = await disk.open('/d/f', 'write');
    await file.write(Buffer.alloc(1_024, 'b'), 256);
    expect(left(disk)).toEqual(
      [
        '/d/f=a1536',
        '/d/f=a256b256a1024',
        '/d/f=a512b512a512',
        '/d/f=a1024b256a256',
        '/d/f=a256b768a512',
        '/d/f=a256b256a512b256a256',
        '/d/f=a512b768a256',
        '/d/f=a256b1024a256',
      ].sort(),
    );
    await file.sync();
    expect(left(disk)).toEqual(['/d/f=a256b1024a256']);
  });

  test('tear within a sector only where the disk has smaller ones', async () => {
    for (const [sectorBytes, count] of [
      [512, 2],
      [64, 256],
    ] as const) {
      const disk = diskWith(512, sectorBytes);
      await (await disk.open('/d/f', 'write')).write(Buffer.alloc(512, 'b'), 0);
      expect(left(disk).length).toBe(count);
    }
  });

  test('written twice may be there from either time', async () => {
    const disk = diskWith(100);
    const file = await disk.open('/d/f', 'write');
    await file.write(Buffer.alloc(100, 'b'), 0);
    await file.write(Buffer.alloc(50, 'c'), 0);
    expect(left(disk)).toEqual(['/d/f=a100', '/d/f=b100', '/d/f=c50a50', '/d/f=c50b50']);
  });

  test('beyond the old size may be missing, zeros, or what another file left there', async () => {
    const disk = diskWith(512);
    await (await disk.open('/d/f', 'write')).write(Buffer.alloc(512, 'b'), 512);
    expect(left(disk)).toEqual(['/d/f=a512', '/d/f=a5120512', '/d/f=a512b512']);
    const again = diskWith(512);
    await (await again.open('/d/f', 'write')).write(Buffer.alloc(512, 'b'), 512);
    expect(left(again, { stale: Buffer.alloc(2_048, 'x') })).toContain('/d/f=a512x512');
  });

  test('that were cut off may come back until the cut is synced', async () => {
    const disk = diskWith(600);
    const file = await disk.open('/d/f', 'write');
    await file.truncate(100);
    await file.truncate(200);
    expect(await file.size()).toBe(200);
    expect(left(disk)).toContain('/d/f=a600');
    expect(left(disk)).toContain('/d/f=a200');
    await file.sync();
    expect(left(disk)).toEqual(['/d/f=a1000100']);
  });
});

describe('names', () => {
  test('are durable when the folder was synced, and not with the file', async () => {
    const disk = new SimDisk();
    const file = await disk.open('/d/x', 'create');
    await file.write(Buffer.from('bbb'), 0);
    await file.sync();
    expect(left(disk)).toEqual(['', '/d/x=b3']);
    await disk.syncDirectory('/d');
    expect(left(disk)).toEqual(['/d/x=b3']);
  });

  test('change in their order on an ordered disk, and in any order elsewhere', async () => {
    const disk = diskWith(1);
    await disk.rename('/d/f', '/d/g');
    await disk.open('/d/h', 'create');
    expect(left(disk, { names: 'ordered' })).toEqual(['/d/f=a1', '/d/g=a1', '/d/g=a1 /d/h=']);
    expect(left(disk, { names: 'any' })).toEqual(['/d/f=a1', '/d/f=a1 /d/h=', '/d/g=a1', '/d/g=a1 /d/h=']);
  });

  test('that were replaced or removed may still be there', async () => {
    const disk = new SimDisk(
      new Map([
        ['/d/f', Buffer.from('a')],
        ['/d/g', Buffer.from('b')],
      ]),
    );
    await disk.rename('/d/f', '/d/g');
    await disk.remove('/d/g');
    expect(left(disk, { names: 'ordered' })).toEqual(['', '/d/f=a1 /d/g=b1', '/d/g=a1']);
    await expect(disk.open('/d/f', 'read')).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('misfortunes', () => {
  test('after a failed sync, reads see the bytes and later syncs do not write them', async () => {
    const disk = diskWith(1_024);
    const file = await disk.open('/d/f', 'write');
    await file.write(Buffer.alloc(512, 'b'), 0);
    disk.onOperation = once({ kind: 'error', code: 'EIO' }, 'sync');
    await expect(file.sync()).rejects.toMatchObject({ code: 'EIO' });
    const seen = Buffer.alloc(512);
    await file.read(seen, 0);
    expect(runs(seen)).toBe('b512');
    await file.write(Buffer.alloc(512, 'c'), 512);
    await file.sync();
    expect(left(disk)).toEqual(['/d/f=a512c512', '/d/f=b512c512']);
  });

  test('a size that a failed sync dropped comes back only with bytes beyond the old one', async () => {
    const disk = diskWith(512);
    const file = await disk.open('/d/f', 'write');
    await file.write(Buffer.alloc(512, 'b'), 512);
    disk.onOperation = once({ kind: 'error', code: 'EIO' }, 'sync');
    await expect(file.sync()).rejects.toMatchObject({ code: 'EIO' });
    await file.write(Buffer.alloc(512, 'c'), 0);
    await file.sync();
    expect(left(disk)).toContain('/d/f=c512');
    await file.write(Buffer.alloc(512, 'b'), 512);
    await file.sync();
    expect(left(disk)).toEqual(['/d/f=c512b512']);
  });

  test('a full disk may have taken a part of the write', async () => {
    const disk = diskWith(0);
    disk.onOperation = once({ kind: 'error', code: 'ENOSPC', bytesDone: 3 }, 'write');
    const file = await disk.open('/d/f', 'write');
    await expect(file.write(Buffer.from('bbbbb'), 0)).rejects.toMatchObject({ code: 'ENOSPC' });
    expect(await file.size()).toBe(3);
  });

  test('a lie is a sync that did nothing, and the disk owns up to it', async () => {
    const disk = diskWith(1);
    disk.onOperation = once({ kind: 'lie' }, 'sync');
    const file = await disk.open('/d/f', 'write');
    await file.write(Buffer.from('b'), 0);
    await file.sync();
    expect(left(disk)).toEqual(['/d/f=a1', '/d/f=b1']);
    expect(disk.lied).toBe(true);
  });

  test('a short write is several operations, between which a crash may come', async () => {
    const disk = new SimDisk(new Map(), { pieceBytes: () => 2 });
    const kinds: string[] = [];
    disk.onOperation = ({ kind }) => void kinds.push(kind);
    await (await disk.open('/d/f', 'create')).write(Buffer.from('bbbbb'), 0);
    expect(kinds).toEqual(['create', 'write', 'write', 'write']);
  });

  test('whoever is dead does nothing more, and the cache outlives it', async () => {
    const disk = diskWith(1);
    const file = await disk.open('/d/f', 'write');
    await file.write(Buffer.from('b'), 0);
    disk.onOperation = once({ kind: 'halt' }, 'write');
    let returned = false;
    const write = () => file.write(Buffer.from('c'), 0).then(() => (returned = true));
    void write();
    void write();
    await new Promise((resolve) => setImmediate(resolve));
    expect(returned).toBe(false);
    const other = disk.afterKill();
    const seen = Buffer.alloc(1);
    await (await other.open('/d/f', 'read')).read(seen, 0);
    expect(seen.toString()).toBe('b');
    expect(left(other)).toEqual(['/d/f=a1', '/d/f=b1']);
  });
});
