// What waits to be sent, within limits.

/** Most messages, and most characters of them together: a minute's work without a connection. */
const MOST_MESSAGES = 1000;
const MOST_CHARACTERS = 1 << 20;

/**
 * The key is that of a state message.
 * @typedef {{text: string, key?: string}} Outgoing
 */

export class Outbox {
  /** @type {Outgoing[]} */
  #messages = [];
  #characters = 0;

  get isEmpty() {
    return this.#messages.length === 0;
  }

  /** Whether a state message of this key waits. @param {string} key */
  has(key) {
    return this.#messages.some((message) => message.key === key);
  }

  /** Returns whether another had to go for it. @param {Outgoing} message */
  push(message) {
    this.#messages.push(message);
    this.#characters += message.text.length;
    let isFull = false;
    while (this.#messages.length > MOST_MESSAGES || this.#characters > MOST_CHARACTERS) {
      this.#remove(this.#leastNeeded());
      isFull = true;
    }
    return isFull;
  }

  /** @returns {Outgoing | undefined} */
  shift() {
    return this.#remove(0);
  }

  /** The oldest that is no state; else the oldest that a later one replaces; else the oldest. */
  #leastNeeded() {
    const action = this.#messages.findIndex(({ key }) => key === undefined);
    if (action >= 0) return action;
    const last = new Map(this.#messages.map(({ key }, at) => [key, at]));
    return Math.max(this.#messages.findIndex(({ key }, at) => last.get(key) !== at), 0);
  }

  /** @param {number} at */
  #remove(at) {
    const [message] = this.#messages.splice(at, 1);
    this.#characters -= message?.text.length ?? 0;
    return message;
  }
}
