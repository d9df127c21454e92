/**
 * Who counts as one sender where nobody has proven anything yet: an IPv4 address, or the /64 network that one
 * holder of IPv6 addresses usually has to himself (RFC 6177).
 */
export function sourceOf(address: string): string {
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.split('::');
  const groups = head === '' ? [] : head.split(':');
  if (tail !== undefined) {
    const after = tail === '' ? 0 : tail.split(':').length;
    while (groups.length + after < 8) groups.push('0');
    groups.push(...(tail === '' ? [] : tail.split(':')));
  }
  return groups.slice(0, 4).join(':');
}
