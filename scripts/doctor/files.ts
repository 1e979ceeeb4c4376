/**
 * Who can get at the files of the data folder. It only looks: whoever could read a key meanwhile may have
 * done so, and only a person can judge that.
 */
import type { Stats } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { adminKeyFile, cursorSecretFile, filesIn, tlsFolder } from '../runtime/data-folder.ts';
import type { Looked } from './finding.ts';
import { reasonOf } from './machine.ts';
import type { FileFacts, WideFile } from './seen.ts';

/** A log of 64 MiB segments of a hundred gigabytes is far from it. */
const filesMax = 20_000;
const depthMax = 4;
/** What a group's members and all others may do. */
const othersMask = 0o077;
const rootId = 0;

/** Looks at the folder and all that is in it, but not into PostgreSQL's own, which sees to itself. */
export async function lookAtFiles(dataDir: string): Promise<Looked<FileFacts>> {
  try {
    const top = await lstat(dataDir);
    const walk = new Walk(dataDir, top.uid);
    walk.judge(dataDir, top);
    await walk.into(dataDir, 1);
    return { seen: { looked: walk.looked, wide: walk.wide } };
  } catch (error) {
    return { unseen: `${dataDir} can not be looked at: ${reasonOf(error)}` };
  }
}

class Walk {
  looked = 0;
  readonly wide: WideFile[] = [];
  readonly #secrets: ReadonlySet<string>;
  readonly #public: ReadonlySet<string>;
  readonly #skipped: ReadonlySet<string>;
  readonly #owners: ReadonlySet<number>;

  constructor(dataDir: string, ownerId: number) {
    const { certificateFile, keyFile } = filesIn(tlsFolder(dataDir));
    this.#secrets = new Set([
      adminKeyFile(dataDir),
      cursorSecretFile(dataDir),
      keyFile,
      join(dataDir, 'postgres.json'),
    ]);
    this.#public = new Set([certificateFile]);
    this.#skipped = new Set([join(dataDir, 'postgres')]);
    this.#owners = new Set([ownerId, rootId]);
  }

  async into(folder: string, depth: number): Promise<void> {
    for (const name of await readdir(folder)) {
      const path = join(folder, name);
      // What was removed or renamed meanwhile is no longer there to be judged.
      const found = await lstat(path).catch(() => undefined);
      if (found === undefined || this.#skipped.has(path) || this.looked >= filesMax) continue;
      this.judge(path, found);
      if (found.isDirectory() && depth < depthMax) await this.into(path, depth + 1);
    }
  }

  judge(path: string, found: Stats): void {
    if (!found.isFile() && !found.isDirectory()) return;
    this.looked += 1;
    const mode = found.mode & 0o777;
    const isStranger = !this.#owners.has(found.uid);
    if ((mode & othersMask) === 0 && !isStranger) return;
    if (this.#public.has(path) && (mode & 0o022) === 0 && !isStranger) return;
    this.wide.push({
      path,
      mode,
      kind: found.isDirectory() ? 'folder' : 'file',
      secret: this.#secrets.has(path) || (found.isFile() && basename(path) === 'secrets.json'),
      strangerId: isStranger ? found.uid : undefined,
    });
  }
}
