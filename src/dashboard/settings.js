/** Every setting with its value and where that came from. */
import { html, useEffect, useState } from './vendor/preact.js';
import { Card } from './parts.js';
import { ask, LoginNeeded } from './session.js';

export function Settings({ onLogin }) {
  const [settings, setSettings] = useState(null);
  const [filter, setFilter] = useState('');
  const [onlySet, setOnlySet] = useState(false);
  const [problem, setProblem] = useState('');
  useEffect(() => {
    ask('settings').then(
      (answer) => setSettings(answer.settings),
      (error) => (error instanceof LoginNeeded ? onLogin() : setProblem(error.message)),
    );
  }, []);
  if (settings === null)
    return html`<${Card} title="Configuration" id="settings"
      ><p class="empty">${problem || 'Loading …'}</p><//
    >`;
  const wanted = filter.toLowerCase();
  const shown = settings.filter(
    ({ name, value, source, description }) =>
      (!onlySet || source !== 'default') &&
      (wanted === '' ||
        `${name} ${JSON.stringify(value)} ${source} ${description}`.toLowerCase().includes(wanted)),
  );
  return html`<${Card}
    title="Configuration"
    id="settings"
    note="as it is in force; secrets are masked"
  >
    <div class="bar">
      <input
        type="search"
        placeholder="Filter: name, value, source …"
        aria-label="Filter settings"
        value=${filter}
        onInput=${(event) => setFilter(event.target.value)}
      />
      <label
        ><input
          type="checkbox"
          checked=${onlySet}
          onChange=${(event) => setOnlySet(event.target.checked)}
        />
        only what is set</label
      >
    </div>
    <div class="scroll">
      <table class="settings">
        <thead>
          <tr>
            <th scope="col">Setting</th>
            <th scope="col">Value</th>
            <th scope="col">From</th>
          </tr>
        </thead>
        <tbody>
          ${shown.map(
            ({ name, value, unit, source, description }) =>
              html`<tr key=${name}>
                <th scope="row">
                  <code>${name}</code><span class="hint">${marked(description)}</span>
                </th>
                <td>
                  <code class=${value === null ? 'unset' : ''}>${show(value)}</code
                  >${unit !== null && value !== null ? ` ${unit}` : ''}
                </td>
                <td class=${source === 'default' ? 'hint' : ''}>${source}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
  <//>`;
}

function show(value) {
  if (value === null) return 'not set';
  return typeof value === 'object' ? JSON.stringify(value, null, 2) : String(value);
}

/** `names` in a sentence, as the schema writes them. */
function marked(text) {
  return text
    .split('`')
    .map((part, index) => (index % 2 === 0 ? part : html`<code>${part}</code>`));
}
