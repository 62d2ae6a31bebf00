// A WebSocket that is opened again whenever it ends. What is said over it is another's affair.
//
//   open() -> opening -> open -> settled -> ended -> waiting -> opening ...
//
// Who speaks over it says settle() once the other end has answered sensibly. Until then the time for
// an attempt runs: a server may accept a connection and say nothing, or a network may swallow all.

import { Backoff } from './backoff.js';

/** A server that hangs up sooner is not one to hurry back to. In ms. */
const LASTING = 5000;
/** So much waits to be sent in a browser that more had better wait here. In bytes. */
const CONGESTED = 1 << 20;

/**
 * How a connection ended; `code` is 1006 where the other end did not say.
 * @typedef {{code: number, reason: string}} End
 */

/**
 * Told what happens.
 * @typedef {object} Listener
 * @property {() => void} opened
 * @property {(data: string | ArrayBuffer) => void} received
 * @property {(end: End) => void} ended  the next attempt comes by itself, unless `close` is called
 */

export class Connection {
  #address;
  #listener;
  #timeout;
  #backoff;
  /** The current attempt or connection. @type {WebSocket | null} */
  #socket = null;
  /** Of the attempt that runs, or of the wait for the next. @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #isSettled = false;
  #openedAt = 0;

  /**
   * @param {string} address
   * @param {Listener} listener
   * @param {{timeout: number, backoff?: import('../socker.js').BackoffOptions}} options
   *   the time for an attempt in ms, and between two
   */
  constructor(address, listener, { timeout, backoff }) {
    this.#address = address;
    this.#listener = listener;
    this.#timeout = timeout;
    this.#backoff = new Backoff(backoff);
  }

  /** Begins an attempt, now. */
  open() {
    this.#drop();
    const socket = new WebSocket(this.#address);
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => this.#listener.opened();
    socket.onmessage = ({ data }) => this.#listener.received(data);
    socket.onclose = ({ code, reason }) => this.#end({ code, reason });
    // A browser has told of the end by then; Node may say no more than this where nobody listens.
    socket.onerror = () => setTimeout(() => socket === this.#socket && this.#end({ code: 1006, reason: '' }));
    this.#socket = socket;
    this.#openedAt = performance.now();
    this.#isSettled = false;
    this.#timer = setTimeout(() => this.#end({ code: 1006, reason: 'no answer in time' }), this.#timeout);
  }

  /** The other end has answered as it should: the attempt is a success. */
  settle() {
    this.#isSettled = true;
    clearTimeout(this.#timer);
  }

  /** False as soon as the socket has begun to close, of which the listener hears later. */
  get isOpen() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  /** Only while it is open. @param {string | Uint8Array<ArrayBuffer>} data */
  send(data) {
    this.#socket?.send(data);
  }

  /** Whether the network takes less than it is given. */
  get isCongested() {
    return (this.#socket?.bufferedAmount ?? 0) > CONGESTED;
  }

  /** Gives this attempt up, and waits for the next. */
  retry() {
    this.#drop();
    this.#timer = setTimeout(this.#hurry, this.#backoff.next());
    globalThis.addEventListener?.('online', this.#hurry);
  }

  /** For good, without another word to the listener. */
  close() {
    this.#drop();
  }

  #hurry = () => this.open();

  /** @param {End} end */
  #end(end) {
    if (this.#isSettled && performance.now() - this.#openedAt > LASTING) this.#backoff.reset();
    this.retry();
    this.#listener.ended(end);
  }

  /** Nothing of it must be taken for news of the next. */
  #drop() {
    clearTimeout(this.#timer);
    globalThis.removeEventListener?.('online', this.#hurry);
    const socket = this.#socket;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
    this.#socket = null;
  }
}
