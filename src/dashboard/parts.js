/** Small pieces that every page uses. Colour never says a thing alone: there is always a word. */
import { html } from './vendor/preact.js';

const TONES = {
  healthy: 'good',
  ready: 'good',
  running: 'good',
  closed: 'good',
  configured: 'good',
  ok: 'good',
  degraded: 'warn',
  starting: 'warn',
  'half-open': 'warn',
  restarting: 'warn',
  stopping: 'warn',
  warning: 'warn',
  unknown: 'muted',
  unhealthy: 'bad',
  failing: 'bad',
  open: 'bad',
  critical: 'bad',
  failed: 'bad',
  gone: 'bad',
  disabled: 'muted',
};

export function toneOf(state) {
  return TONES[state] ?? 'muted';
}

export function Pill({ state, children }) {
  return html`<span class="pill ${toneOf(state)}"
    ><i aria-hidden="true"></i>${children ?? state}</span
  >`;
}

export function Tile({ label, value, hint, tone = '', children }) {
  return html`<div class="tile ${tone}">
    <span class="label">${label}</span><strong>${value}</strong>
    ${hint !== undefined && html`<span class="hint">${hint}</span>`}${children}
  </div>`;
}

/** `of` null: no limit. */
export function Meter({ value, of, label }) {
  const share = of === null || of === undefined || of === 0 ? 0 : Math.min(1, value / of);
  const tone = share >= 0.95 ? 'bad' : share >= 0.8 ? 'warn' : 'good';
  return html`<span
    class="meter"
    role="meter"
    aria-label=${label}
    aria-valuenow=${value}
    aria-valuemin="0"
    aria-valuemax=${of ?? value}
  >
    <svg viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
      <rect class="track" width="100" height="6" rx="3" />
      <rect class=${tone} width=${share * 100} height="6" rx="3" />
    </svg>
    <span>${value}${of === null || of === undefined ? '' : ` / ${of}`}</span>
  </span>`;
}

export function Card({ title, note, children, id }) {
  return html`<section class="card" aria-labelledby=${id}>
    <header>
      <h2 id=${id}>${title}</h2>
      ${note !== undefined && html`<span class="hint">${note}</span>`}
    </header>
    ${children}
  </section>`;
}

export function CopyButton({ text, label }) {
  const copy = async (event) => {
    const button = event.currentTarget;
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = 'Copied';
    } catch {
      // Without HTTPS there is no clipboard: the text is selected for Ctrl-C instead.
      const range = document.createRange();
      range.selectNodeContents(button.closest('.snippet').querySelector('pre'));
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      button.textContent = 'Selected: press Ctrl-C';
    }
    setTimeout(() => {
      button.textContent = 'Copy';
    }, 2500);
  };
  return html`<button type="button" class="small" onClick=${copy} aria-label=${label}>
    Copy
  </button>`;
}
