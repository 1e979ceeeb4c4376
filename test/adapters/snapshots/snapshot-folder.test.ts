/** Snapshot files: whole or not there at all, the last two kept, and no damage that goes unnoticed. */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { blockKinds, encodeBlock, magic } from '../../../adapters/snapshots/format.ts';
import { SnapshotFolder, sliceLimits } from '../../../adapters/snapshots/snapshot-folder.ts';
import type { LogMark, StoredSnapshot } from '../../../domain/ports.ts';
import { type TicketState, ticketStateVersion } from '../../../domain/ticket/state.ts';
import { ticketState } from '../../support/tickets.ts';
import { temporaryFolder } from '../log/folders.ts';

const mark = (position: number): LogMark => ({ position, ticketId: 'T-1', revision: 1, recordedAt: 7 });
const confirm = async () => mark(99);
const tickets = (count: number) =>
  Array.from({ length: count }, (_, index) =>
    ticketState({ ticketId: `T-${index}`, fields: { n: index, subject: `printer ${index}` } }),
  );

let folder: string;
let snapshots: SnapshotFolder;
beforeEach(async () => {
  folder = join(await temporaryFolder(), 'snapshots');
  snapshots = new SnapshotFolder(folder);
});

async function loadAll(): Promise<readonly StoredSnapshot[]> {
  const found: StoredSnapshot[] = [];
  for await (const each of snapshots.load()) found.push(each);
  return found;
}

async function statesOf(stored: StoredSnapshot | undefined): Promise<readonly TicketState[]> {
  const states: TicketState[] = [];
  if (stored?.status === 'sound') for await (const slice of stored.states()) states.push(...slice);
  return states;
}

describe('a saved snapshot', () => {
  it('gives back its marks and every state, over many slices', async () => {
    const states = tickets(2 * sliceLimits.statesMax + 1);
    const saved = await snapshots.save(mark(12), states, confirm);
    const [stored, ...rest] = await loadAll();
    expect(rest).toEqual([]);
    expect(stored).toMatchObject({ from: mark(12), upTo: mark(99), tickets: states.length });
    expect(await statesOf(stored)).toStrictEqual(states);
    const { size } = statSync(join(folder, saved.name));
    expect(saved).toEqual({ name: stored?.name, tickets: states.length, bytes: size, position: 12 });
  });

  it('can be empty', async () => {
    await snapshots.save(mark(1), [], confirm);
    const [stored] = await loadAll();
    expect(stored).toMatchObject({ status: 'sound', tickets: 0 });
    expect(await statesOf(stored)).toEqual([]);
  });

  it('is found newest first; the last two stay, with nothing from a future that the log has lost', async () => {
    for (const position of [100, 9, 10, 11]) {
      await snapshots.save(mark(position), tickets(position), confirm);
    }
    const found = await loadAll();
    expect(found.map((each) => each.status === 'sound' && each.from.position)).toEqual([11, 10]);
    expect(readdirSync(folder)).toHaveLength(2);
  });

  it('takes the place of one at the same position, and of drafts that were never finished', async () => {
    await snapshots.save(mark(5), tickets(1), confirm);
    writeFileSync(join(folder, 'states-0000000000000004.snap.tmp'), 'half');
    writeFileSync(join(folder, 'notes.txt'), 'not ours');
    await snapshots.save(mark(5), tickets(2), confirm);
    expect(await loadAll()).toMatchObject([{ tickets: 2 }]);
    expect(readdirSync(folder).sort()).toEqual(['notes.txt', 'states-0000000000000005.snap']);
  });

  it('does not exist while it is not confirmed, nor after that failed', async () => {
    await snapshots.save(mark(3), tickets(1), confirm);
    let seen: readonly StoredSnapshot[] = [];
    const refused = snapshots.save(mark(4), tickets(5), async () => {
      seen = await loadAll();
      throw new Error('not durable');
    });
    await expect(refused).rejects.toThrow('not durable');
    expect(seen).toMatchObject([{ from: { position: 3 } }]);
    expect(readdirSync(folder)).toEqual(['states-0000000000000003.snap']);
  });

  it('lets other work have its turn between slices, also where a few tickets are very large', async () => {
    const large = { text: 'x'.repeat(sliceLimits.charactersMax / 4) };
    let taken = 0;
    const takenAtTurns = new Set<number>();
    const states = (function* () {
      for (const ticket of tickets(40)) {
        taken += 1;
        yield { ...ticket, fields: large };
      }
    })();
    const turns = setInterval(() => takenAtTurns.add(taken), 0);
    const saved = await snapshots.save(mark(1), states, confirm);
    clearInterval(turns);
    expect(saved.tickets).toBe(40);
    // Four fill a slice; a turn may be missed, but not most of them.
    expect(takenAtTurns.size).toBeGreaterThan(5);
  });

  it('says why when the folder can not be made, and leaves nothing', async () => {
    const file = join(await temporaryFolder(), 'a-file');
    writeFileSync(file, '');
    const impossible = new SnapshotFolder(join(file, 'snapshots'));
    await expect(impossible.save(mark(1), tickets(1), confirm)).rejects.toMatchObject({ code: 'ENOTDIR' });
    for await (const _ of impossible.load()) expect.unreachable('there is nothing to load');
    expect(existsSync(join(file, 'snapshots'))).toBe(false);
  });
});

describe('a damaged snapshot', () => {
  const older = tickets(1);
  let path: string;
  let whole: Buffer;
  beforeEach(async () => {
    await snapshots.save(mark(1), older, confirm);
    const { name } = await snapshots.save(mark(2), tickets(3), confirm);
    path = join(folder, name);
    whole = readFileSync(path);
    expect(await loadAll()).toMatchObject([{ status: 'sound' }, { status: 'sound' }]);
  });

  async function expectUnusable(what: string): Promise<void> {
    const { value } = await snapshots.load().next();
    expect(value, what).toMatchObject({ status: 'unusable', reason: expect.stringMatching(/\w{3}/) });
  }

  it('gives way to the older one', async () => {
    writeFileSync(path, whole.subarray(1));
    const [damaged, sound] = await loadAll();
    expect(damaged).toMatchObject({ status: 'unusable' });
    expect(await statesOf(sound)).toStrictEqual(older);
  });

  it('is not used, whichever byte of it has changed', async () => {
    for (let at = 0; at < whole.length; at += 1) {
      const bytes = Buffer.from(whole);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << (at % 8));
      writeFileSync(path, bytes);
      await expectUnusable(`byte ${at} of ${whole.length}`);
    }
  });

  it('is not used, at whichever length it ends', async () => {
    for (let length = 0; length < whole.length; length += 1) {
      writeFileSync(path, whole.subarray(0, length));
      await expectUnusable(`${length} of ${whole.length} bytes`);
    }
    writeFileSync(path, Buffer.concat([whole, Buffer.alloc(1)]));
    await expectUnusable('one byte more');
  });

  it('is not used when a block is missing, doubled or moved', async () => {
    await snapshots.save(mark(3), tickets(3 * sliceLimits.statesMax), confirm);
    path = join(folder, 'states-0000000000000003.snap');
    const blocks = blocksIn(readFileSync(path));
    expect(blocks).toHaveLength(5);
    const [head, a, b, c, end] = blocks as [Buffer, Buffer, Buffer, Buffer, Buffer];
    const [soundOlder] = await loadAll().then((found) => found.slice(1));
    for (const wrong of [
      [head, a, c, end],
      [head, a, a, b, c, end],
      [head, b, a, c, end],
      [a, b, c, end],
    ]) {
      writeFileSync(path, Buffer.concat([magic, ...wrong]));
      expect(await loadAll()).toMatchObject([{ status: 'unusable' }, { name: soundOlder?.name }]);
    }
    writeFileSync(path, Buffer.concat([magic, head, a, b, c, end]));
    expect(await loadAll()).toMatchObject([{ status: 'sound' }, {}]);
  });

  it('is left alone when its states mean something else, or its end counts other states', async () => {
    const head = (stateVersion: number) =>
      encodeBlock(blockKinds.head, 0, 0, Buffer.from(JSON.stringify({ stateVersion, from: mark(2) })));
    const end = (states: number) =>
      encodeBlock(blockKinds.end, 1, 0, Buffer.from(JSON.stringify({ upTo: mark(9), states })));
    const cases = [
      { blocks: [head(ticketStateVersion + 1), end(0)], reason: /another version/ },
      { blocks: [head(ticketStateVersion), end(1)], reason: /missing/ },
    ];
    for (const { blocks, reason } of cases) {
      writeFileSync(path, Buffer.concat([magic, ...blocks]));
      const [first] = await loadAll();
      expect(first).toMatchObject({ status: 'unusable', reason: expect.stringMatching(reason) });
    }
    writeFileSync(path, Buffer.concat([magic, head(ticketStateVersion), end(0)]));
    expect((await loadAll())[0]).toMatchObject({ status: 'sound' });
  });
});

/** The blocks of a file, by their lengths. */
function blocksIn(bytes: Buffer): readonly Buffer[] {
  const blocks: Buffer[] = [];
  for (let at = magic.length; at < bytes.length; ) {
    const end = at + 20 + bytes.readUInt32LE(at + 4);
    blocks.push(bytes.subarray(at, end));
    at = end;
  }
  return blocks;
}
