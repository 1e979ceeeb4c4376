/**
 * The limit of open files, which every connection counts against: too low, and a server refuses callers long
 * before the bound that it was given, without a word to them.
 */
import { type Finding, unseen } from '../finding.ts';
import type { Seen } from '../seen.ts';
import { inDigits, inPercent } from '../words.ts';

const pattern = 'file_descriptors';
/** For segments of the log, the database, standard streams and the runtime, beside connections. */
const reserve = 256;
const tightShare = 0.6;
const fullShare = 0.8;

export function fileDescriptors({ facts: { process } }: Seen): readonly Finding[] {
  if ('unseen' in process) return [unseen(pattern, process.unseen)];
  const { pid, openFiles, filesSoftMax, filesHardMax, connectionsMax } = process.seen;
  const needed = connectionsMax + reserve;
  const share = openFiles / filesSoftMax;
  const evidence = [
    `process ${pid} has ${inDigits(openFiles)} files open of ${inDigits(filesSoftMax)} (${inPercent(share)}; ` +
      `hard limit ${inDigits(filesHardMax)})`,
    `it may need ${inDigits(needed)}: ${inDigits(connectionsMax)} connections and ${reserve} for the rest`,
  ];
  const next =
    `Raise it to ${needed} or more where the server is started (\`ulimit -n\`, LimitNOFILE= of systemd, ulimits ` +
    'of Docker), or take fewer connections with --limit connectionsMax.';
  if (share >= tightShare) {
    const severity = share >= fullShare ? 'critical' : 'warning';
    return [{ pattern, severity, title: 'open files are about to reach their limit', evidence, next }];
  }
  if (filesSoftMax < needed) {
    const title = 'the limit of open files is under what the connections may need';
    return [{ pattern, severity: 'warning', title, evidence, next }];
  }
  return [{ pattern, severity: 'ok', title: 'the limit of open files is high enough', evidence, next: '' }];
}
