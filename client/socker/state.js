// The state messages of a room, as the server keeps them: the last of each key, in the order in which
// they were last set.

/** @typedef {{key: string, text: string}} StateMessage */

export class State {
  /** In order. @type {Map<string, string>} */
  #texts = new Map();

  /** @param {string} key */
  has(key) {
    return this.#texts.has(key);
  }

  /** @param {StateMessage} message */
  set({ key, text }) {
    this.#texts.delete(key); // so that it comes last
    this.#texts.set(key, text);
  }

  /**
   * Compares with what the server has, and becomes what the server will have once it has been sent
   * what is returned.
   *
   * The server had everything up to some moment, so what it has is the beginning of this in the same
   * order, perhaps with older messages in between. From the first one on that is not found there, all
   * are sent, which also puts them in their order.
   * @param {StateMessage[]} theirs
   * @returns {StateMessage[]}
   */
  catchUp(theirs) {
    const mine = [...this.#texts].map(([key, text]) => ({ key, text }));
    let found = 0;
    for (const { text } of theirs) if (text === mine[found]?.text) found++;
    const lacking = mine.slice(found);
    this.#texts.clear();
    for (const message of [...theirs, ...lacking]) this.set(message);
    return lacking;
  }
}
