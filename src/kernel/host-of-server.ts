/** Which upstream host runs a server: every worker and every host must agree. */

/** From 0 to `hostCount` - 1; depends on the name alone. */
export function hostOfServer(server: string, hostCount: number): number {
  let hash = 0;
  for (let i = 0; i < server.length; i += 1) hash = (hash * 31 + server.charCodeAt(i)) >>> 0;
  return hash % hostCount;
}
