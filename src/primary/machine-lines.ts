/** The machines that share their limits, a line each for `multi-mcp status`. */
import { shareOf } from '../policy/limit-shares.js';
import type { MachinesView, MachineView } from './machines-view.js';

/** Empty when this machine has its limits to itself. `total`: connections of all together. */
export function machineLines(view: MachinesView | null, total: number): readonly string[] {
  if (view === null) return [];
  const lines = view.list.map((machine) => line(machine, total));
  if (view.problem !== null) lines.push(`the lease is not renewed: ${view.problem}`);
  return lines;
}

function line(machine: MachineView, total: number): string {
  const { name, address, version, workers, isSelf, totalPart, renewedMsAgo } = machine;
  const who = `${name} (${isSelf ? 'this one, ' : ''}${address})`;
  const part = totalPart === null ? '' : `, ${shareOf(total, totalPart)} of ${total} connections`;
  const heard = renewedMsAgo === null ? 'never' : `${Math.round(renewedMsAgo / 1000)} s ago`;
  return `${who} ${version}, ${workers} workers${part}, renewed ${heard}`;
}
