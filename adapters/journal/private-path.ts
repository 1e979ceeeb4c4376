/**
 * That files with secrets, and what decides who may do what, are their owner's alone. Wider permissions are
 * refused and never mended here: whoever could read or change the file meanwhile may have done so, and only a
 * person can judge that.
 */
import { stat } from 'node:fs/promises';
import { Fault } from '../../domain/errors.ts';

export const privateFileMode = 0o600;
export const privateFolderMode = 0o700;
/** What a group's members and all others may do. */
const othersMask = 0o077;

/**
 * Throws `Fault('file_exposed')`, with the command to run, where anybody but the owner may do anything with
 * the file or folder.
 */
export async function requirePrivate(path: string): Promise<void> {
  const found = await stat(path);
  const open = found.mode & othersMask;
  if (open === 0) return;
  const wanted = (found.isDirectory() ? privateFolderMode : privateFileMode).toString(8);
  const shown = (found.mode & 0o777).toString(8).padStart(3, '0');
  throw new Fault(
    'file_exposed',
    `${path} has mode ${shown}, so that other users of this machine may get at it; ` +
      `see who could, then run: chmod ${wanted} '${path}'`,
  );
}
