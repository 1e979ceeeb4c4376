/**
 * The queue in which the system holds new connections until the server takes them. It is as long as the
 * shorter of what the server asks for and somaxconn; connections that find it full wait for seconds, or fail.
 */
import { type Finding, unseen } from '../finding.ts';
import type { Seen } from '../seen.ts';
import { inDigits } from '../words.ts';

const pattern = 'accept_queue';

export function acceptQueue({ facts: { sockets } }: Seen): readonly Finding[] {
  if ('unseen' in sockets) return [unseen(pattern, sockets.unseen)];
  const { backlog, somaxconn, synBacklogMax, overflows, overflowsWatched } = sockets.seen;
  const evidence = [
    `net.core.somaxconn ${inDigits(somaxconn)}, net.ipv4.tcp_max_syn_backlog ${inDigits(synBacklogMax)}; ` +
      `the server asks for ${inDigits(backlog)}`,
    `connections dropped at full queues on the whole machine: ${inDigits(overflowsWatched)} while watching, ` +
      `${inDigits(overflows)} since its start`,
  ];
  const setting = somaxconn < backlog ? 'net.core.somaxconn' : 'net.ipv4.tcp_max_syn_backlog';
  const next = `Run \`sysctl -w ${setting}=4096\` (and write it to /etc/sysctl.d), then start the server again.`;
  if (overflowsWatched > 0) {
    const title = 'connections are being dropped because a queue for new ones is full';
    return [
      {
        pattern,
        severity: 'warning',
        title,
        evidence,
        next: `See cpu first: who takes them is late. ${next}`,
      },
    ];
  }
  if (somaxconn < backlog || synBacklogMax < backlog) {
    const title = `${setting} is under what the server asks for`;
    return [{ pattern, severity: 'warning', title, evidence, next }];
  }
  return [
    { pattern, severity: 'ok', title: 'the queue for new connections is long enough', evidence, next: '' },
  ];
}
