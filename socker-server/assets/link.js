// The connection to /play: it walks the stages, and when it ends, a new one is tried.

import { Backoff } from './socker/backoff.js';
import { decode, encodeAway, encodeMove, encodeReady } from './wire.js';

/** In the order in which they are reached. */
const STAGES = ['connect', 'scene', 'ready'];

/**
 * Told what happens. When it is told, `link.state` already says so.
 * @typedef {object} Listener
 * @property {() => void} connecting  a new attempt has begun, and what was there before is gone
 * @property {(message: import('./wire.js').Message, size: number) => void} message
 *   from the server, of so many bytes; comes before the stage that it leads to
 * @property {(stage: {name: string, at: number, size: number}) => void} stage
 *   reached at that time of `performance.now()`, by messages of so many bytes
 * @property {() => void} ready  all stages have been reached
 * @property {(end: {code: number, reason: string, opened: boolean}) => void} closed
 * @property {(seconds: number) => void} waiting  for the next attempt, so long still
 */

export class Link {
  /** When the attempt began. */
  began = 0;

  #url;
  #listener;
  /** The current attempt or connection. @type {WebSocket | null} */
  #socket = null;
  /** How many of the stages. */
  #reached = 0;
  #backoff = new Backoff();
  #countdown = 0;

  /** @param {string} url @param {Listener} listener */
  constructor(url, listener) {
    this.#url = url;
    this.#listener = listener;
  }

  /** @returns {'closed' | 'connecting' | 'ready'} */
  get state() {
    if (!this.#socket) return 'closed';
    return this.#reached === STAGES.length ? 'ready' : 'connecting';
  }

  /** Also false once the socket has begun to close, of which the page hears later. */
  get takesMoves() {
    return this.state === 'ready' && this.#socket.readyState === WebSocket.OPEN;
  }

  move(x, y) {
    if (this.takesMoves) this.#socket.send(encodeMove(x, y));
  }

  /** The page plays in an arena: it is not in this scene until it moves here. */
  away() {
    if (this.takesMoves) this.#socket.send(encodeAway());
  }

  /** Begins an attempt, now. */
  connect() {
    clearInterval(this.#countdown);
    this.#abandon();
    const socket = new WebSocket(this.#url);
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => this.#reach('connect', 0);
    socket.onmessage = ({ data }) => data instanceof ArrayBuffer && this.#receive(data);
    socket.onclose = (event) => this.#end(event);
    this.#socket = socket;
    this.began = performance.now();
    this.#reached = 0;
    this.#listener.connecting();
  }

  /** Drops what is there: an attempt that hangs, or a connection. Its end must not be taken for news of the next. */
  #abandon() {
    if (!this.#socket) return;
    this.#socket.onopen = this.#socket.onmessage = this.#socket.onclose = null;
    this.#socket.close();
  }

  /** @param {ArrayBuffer} data */
  #receive(data) {
    const message = decode(data);
    if (!message) return;
    const size = data.byteLength;
    this.#listener.message(message, size);
    if (message.type === 'scene' && this.#reach('scene', size)) this.#socket.send(encodeReady());
    if (message.type === 'play' && this.#reach('ready', size + 1)) this.#listener.ready();
  }

  /** Marks a stage as reached: once, and only if the one before it was. Returns whether it did. */
  #reach(name, size) {
    if (STAGES[this.#reached] !== name) return false;
    this.#reached++;
    this.#listener.stage({ name, at: performance.now(), size });
    return true;
  }

  #end({ code, reason }) {
    const opened = this.#reached > 0;
    // A server that hangs up straight away is not one to hurry back to.
    if (opened && performance.now() - this.began > 5000) this.#backoff.reset();
    this.#socket = null;
    this.#listener.closed({ code, reason, opened });
    this.#retryIn(this.#backoff.next());
  }

  #retryIn(delay) {
    const due = performance.now() + delay;
    this.#countdown = setInterval(() => {
      const left = (due - performance.now()) / 1000;
      if (left > 0) this.#listener.waiting(left);
      else this.connect();
    }, 100);
  }
}
