// The echo panel: a connection of its own to /echo, opened by the first message.

import { address } from './wire.js';

export function startEcho() {
  /** @type {WebSocket | null} */
  let socket = null;
  /** When the messages were sent whose echo is still to come. */
  let sentAt = [];

  function open() {
    socket = new WebSocket(address('/echo'));
    sentAt = [];
    show('', 'Opening a connection to /echo…');
    socket.onmessage = ({ data }) =>
      show(data, `There and back in ${(performance.now() - sentAt.shift()).toFixed(1)} ms`);
    socket.onclose = ({ code }) => show('', `The echo connection closed (code ${code}).`);
  }

  function send(text) {
    sentAt.push(performance.now());
    socket.send(text);
  }

  document.getElementById('echo-form').addEventListener('submit', (event) => {
    event.preventDefault(); // which would load the page anew
    const text = document.getElementById('echo-input').value;
    if (!socket || socket.readyState > WebSocket.OPEN) open();
    if (socket.readyState === WebSocket.OPEN) send(text);
    else socket.addEventListener('open', () => send(text), { once: true });
  });
}

function show(text, note) {
  const small = document.createElement('small');
  small.textContent = note;
  document.getElementById('echo-reply').replaceChildren(text, small);
}
