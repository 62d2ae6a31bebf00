// The panel over the scene while there is no connection: why, and what comes next.

const CLOSE_WORDS = {
  1000: 'The server said goodbye', 1001: 'The server is going away', 1002: 'The protocol was broken',
  1003: 'The server takes no such data', 1005: 'The server gave no reason', 1006: 'The connection was lost',
  1007: 'A message was malformed', 1008: 'The server refused to go on', 1009: 'A message was too big',
  1011: 'The server ran into an error', 1012: 'The server is restarting', 1013: 'The server is too busy',
};

const root = document.documentElement;
const panel = document.getElementById('closed');

export function showClosed({ code, reason, opened }) {
  // A failed retry says less than the code with which the server went.
  if (opened || panel.hidden) {
    const words = opened ? CLOSE_WORDS[code] ?? 'The server hung up' : 'The server cannot be reached';
    document.getElementById('closed-why').textContent = `${words} (code ${code}${reason && `, “${reason}”`}).`;
    root.dataset.closeCode = code;
  }
  panel.hidden = false;
}

export function showNext(text) {
  document.getElementById('closed-next').textContent = text;
}

/** @param {HTMLElement} heir  gets the focus if the panel has it */
export function hideClosed(heir) {
  delete root.dataset.closeCode;
  if (panel.contains(document.activeElement)) heir.focus(); // the panel's button is about to go
  panel.hidden = true;
}
