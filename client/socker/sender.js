// What the page sends, on its way to the server: it waits while there is no connection, and goes no
// faster than a server takes it.

import { Outbox } from './outbox.js';
import { Pace } from './pace.js';

/**
 * Below what Socker's rooms admit of one peer, which are 250 a second and 1,000 at once: what the
 * network held up arrives faster than it was sent.
 */
const LIMITS = { rate: 200, burst: 500 };
/** When to look again whether the network takes more. In ms. */
const CONGESTED = 50;

/** @typedef {import('./outbox.js').Outgoing} Outgoing */

export class Sender {
  #connection;
  #sent;
  /** What the server lost; goes before anything else. @type {Outgoing[]} */
  #repairs = [];
  #outbox = new Outbox();
  /** Of the connection; without one, everything waits. @type {Pace | null} */
  #pace = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #wasFull = false;

  /**
   * @param {import('./connection.js').Connection} connection
   * @param {(message: Outgoing) => void} sent  told of every message that leaves the outbox
   */
  constructor(connection, sent) {
    this.#connection = connection;
    this.#sent = sent;
  }

  /** Whether a state message of this key waits. @param {string} key */
  has(key) {
    return this.#outbox.has(key);
  }

  /** There is a connection. @param {Outgoing[]} repairs */
  start(repairs) {
    this.#repairs = repairs;
    this.#pace = new Pace(LIMITS);
    this.#flush();
  }

  /** The connection is gone, and what was to be repaired will have to be found anew. */
  stop() {
    this.#repairs = [];
    this.#pace = null;
    clearTimeout(this.#timer);
  }

  /** Returns whether this is the first message that another had to go for. @param {Outgoing} message */
  push(message) {
    const isFull = this.#outbox.push(message);
    const isNews = isFull && !this.#wasFull;
    this.#wasFull ||= isFull;
    this.#flush();
    return isNews;
  }

  #flush() {
    clearTimeout(this.#timer);
    const pace = this.#pace;
    while (pace && !(this.#repairs.length === 0 && this.#outbox.isEmpty)) {
      if (!this.#connection.isOpen) return; // it will be stopped
      const wait = this.#connection.isCongested ? CONGESTED : pace.wait();
      if (wait > 0) {
        this.#timer = setTimeout(() => this.#flush(), Math.ceil(wait));
        return;
      }
      pace.take();
      this.#sendNext();
    }
    if (pace) this.#wasFull = false;
  }

  #sendNext() {
    const repair = this.#repairs.shift();
    const message = repair ?? this.#outbox.shift();
    if (!message) return;
    this.#connection.send(message.text);
    if (!repair) this.#sent(message);
  }
}
