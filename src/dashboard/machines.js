/** The machines that share their limits over one store; nothing where there is only this one and no such store. */
import { html } from './vendor/preact.js';
import { duration, percent } from './format.js';
import { Card, Pill } from './parts.js';

export function Machines({ machines }) {
  if (machines === null || machines === undefined) return null;
  const { list, leaseMs, problem, isDivided } = machines;
  return html`<${Card}
    title="Machines"
    id="machines"
    note=${isDivided ? 'the limits are divided between them' : 'this one has the limits whole'}
  >
    ${problem !== null && html`<p class="hint">The lease of this machine is not renewed: ${problem}</p>`}
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">Machine</th>
            <th scope="col">Lease</th>
            <th scope="col" class="number">Renewed</th>
            <th scope="col" class="number">Slots in all</th>
            <th scope="col" class="number">Workers</th>
            <th scope="col">Version</th>
          </tr>
        </thead>
        <tbody>
          ${list.map(
            ({ id, name, address, isSelf, renewedMsAgo, totalPart, workers, version }) =>
              html`<tr key=${id}>
                <th scope="row">
                  ${name}<span class="kind">${isSelf ? 'this one' : address}</span>
                </th>
                <td><${Pill} state=${leaseState(renewedMsAgo, leaseMs)} /></td>
                <td class="number">
                  ${renewedMsAgo === null ? '–' : `${duration(renewedMsAgo / 1000)} ago`}
                </td>
                <td class="number">${totalPart === null ? '–' : percent(totalPart * 100)}</td>
                <td class="number">${workers}</td>
                <td>${version}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div><//
  >`;
}

function leaseState(renewedMsAgo, leaseMs) {
  if (renewedMsAgo === null) return 'unknown';
  return renewedMsAgo < leaseMs ? 'running' : 'gone';
}
