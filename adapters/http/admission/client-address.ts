/**
 * By what name an address is counted. One IPv6 customer has at least a whole /64 network, so that is the
 * smallest thing worth counting there.
 */
import { isIPv4, isIPv6 } from 'node:net';

const mappedPrefix = '::ffff:';
const groupsCount = 8;
const networkGroups = 4;

/** Whether it is this machine itself. A socket without an address is one of this machine's too. */
export function isLoopback(address: string | undefined): boolean {
  if (address === undefined || address === '::1') return true;
  return (address.startsWith(mappedPrefix) ? address.slice(mappedPrefix.length) : address).startsWith('127.');
}

/** Addresses of one name share their quotas; whatever is no address shares one name. */
export function addressName(address: string): string {
  if (isIPv4(address)) return address;
  if (!isIPv6(address)) return 'unknown';
  const mapped = address.slice(mappedPrefix.length);
  if (address.toLowerCase().startsWith(mappedPrefix) && isIPv4(mapped)) return mapped;
  return `${network(address)}::/64`;
}

function network(address: string): string {
  const [withoutZone = ''] = address.split('%');
  const [before = '', after] = withoutZone.split('::');
  const head = groupsOf(before);
  const tail = after === undefined ? [] : groupsOf(after);
  const zeros = Array.from({ length: Math.max(0, groupsCount - head.length - tail.length) }, () => '0');
  const groups = [...head, ...zeros, ...tail].slice(0, networkGroups);
  return groups.map((group) => Number.parseInt(group, 16).toString(16)).join(':');
}

/** An embedded IPv4 address is the last two groups, which are never part of the network. */
function groupsOf(part: string): readonly string[] {
  if (part === '') return [];
  return part.split(':').flatMap((group) => (group.includes('.') ? ['0', '0'] : [group]));
}
