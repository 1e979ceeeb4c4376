/**
 * Data and key files that others than their owner can get at. They are never mended here: whoever could read
 * a key may have done so, and only a person can judge that.
 */
import { type Finding, unseen } from '../finding.ts';
import type { Seen, WideFile } from '../seen.ts';
import { inDigits } from '../words.ts';

const pattern = 'permissions';
const shown = 10;

export function permissions({ facts: { files } }: Seen): readonly Finding[] {
  if ('unseen' in files) return [unseen(pattern, files.unseen)];
  const { looked, wide } = files.seen;
  if (wide.length === 0) {
    const title = 'data and keys are their owner’s alone';
    return [
      { pattern, severity: 'ok', title, evidence: [`${inDigits(looked)} files and folders`], next: '' },
    ];
  }
  const secrets = wide.filter(({ secret }) => secret);
  const told = [...secrets, ...wide.filter(({ secret }) => !secret)];
  const rest = told.length > shown ? [`and ${told.length - shown} more of ${inDigits(looked)}`] : [];
  const changed = secrets.length > 0 ? 'Whoever could read a key has it: make others (`docket key`). ' : '';
  return [
    {
      pattern,
      severity: secrets.length > 0 ? 'critical' : 'warning',
      title: `${secrets.length > 0 ? 'files with keys' : 'data files'} are open to other users of this machine`,
      evidence: [...told.slice(0, shown).map(inWords), ...rest],
      next: `${changed}Then: ${told.slice(0, shown).map(mend).join('; ')}`,
    },
  ];
}

function inWords({ path, mode, kind, secret, strangerId }: WideFile): string {
  const holds = secret ? ', holds a key or password' : '';
  const owner =
    strangerId === undefined ? '' : `, belongs to user ${strangerId}, who does not own the folder`;
  return `${path} (${kind}) has mode ${octal(mode)}${holds}${owner}`;
}

function mend({ path, kind, strangerId }: WideFile): string {
  const mode = `chmod ${kind === 'folder' ? '700' : '600'} '${path}'`;
  return strangerId === undefined ? mode : `chown --reference='${path}/..' '${path}' && ${mode}`;
}

function octal(mode: number): string {
  return mode.toString(8).padStart(3, '0');
}
