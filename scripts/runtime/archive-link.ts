/**
 * The archive of a log: the subfolder `archive`, which may be a link to a folder on another disk. The link is
 * made once, by `docket log archive --to`, and must never be changed here: segments are behind it.
 */
import { lstat, mkdir, readdir, readlink, realpath, symlink } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { archiveName, positionOfAnyForm } from '../../adapters/log/segment/segment-places.ts';
import { diskFiles, isMissing } from '../../adapters/log/segment/storage.ts';
import { Fault } from '../../domain/errors.ts';

/**
 * Makes sure that the archive of the log in `folder` is where `to` says, or anywhere where it is left out.
 * Throws `input_unreadable` where it is elsewhere, behind a link that leads nowhere, or not fit for it.
 */
export async function linkArchive(folder: string, to: string | undefined): Promise<void> {
  const archive = join(folder, archiveName);
  const present = await lstat(archive).catch(unlessMissing);
  if (present === undefined) {
    if (to !== undefined && resolve(to) !== resolve(archive)) await makeLink(folder, archive, resolve(to));
    return;
  }
  const real = await realpath(archive).catch(unlessMissing);
  if (real === undefined) {
    const target = await readlink(archive);
    throw unfit(`${archive} is a link to ${target}, which is not there; is its disk mounted?`);
  }
  if (to === undefined || real === (await realpath(to).catch(unlessMissing))) return;
  throw unfit(`the archive of this log is ${real} already, not ${resolve(to)}; leave --to out to use it`);
}

async function makeLink(folder: string, archive: string, target: string): Promise<void> {
  await mkdir(target, { recursive: true, mode: 0o700 });
  const [real, log] = [await realpath(target), await realpath(folder)];
  if (real === log || real.startsWith(log + sep)) {
    throw unfit(`${target} is in the log's own folder; name one outside, or leave --to out`);
  }
  if ((await readdir(real)).some((name) => positionOfAnyForm(name) !== undefined)) {
    throw unfit(`${target} holds segments of some log already; name an empty folder`);
  }
  await symlink(real, archive, 'dir');
  await diskFiles.syncDirectory(folder);
}

function unfit(message: string): Fault {
  return new Fault('input_unreadable', message);
}

function unlessMissing(error: unknown): undefined {
  if (isMissing(error)) return undefined;
  throw error;
}
