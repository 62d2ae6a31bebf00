// Which functions are called for which key.

/** @typedef {import('../socker.js').Handler} Handler */

export class Handlers {
  /** @type {Map<string, Set<Handler>>} */
  #byKey = new Map();

  /** @param {string} key @param {Handler} handler */
  add(key, handler) {
    if (typeof key !== 'string' || !key) throw new TypeError('a key is a string, and not empty');
    if (typeof handler !== 'function') throw new TypeError(`the handler of "${key}" is no function`);
    const handlers = this.#byKey.get(key) ?? new Set();
    this.#byKey.set(key, handlers.add(handler));
  }

  /** @param {string} key @param {Handler} [handler]  all of the key, if missing */
  remove(key, handler) {
    if (handler) this.#byKey.get(key)?.delete(handler);
    else this.#byKey.delete(key);
  }

  /** One that throws keeps the others from nothing. @param {import('./message.js').Message} message */
  call({ key, params, isState }) {
    for (const handler of [...(this.#byKey.get(key) ?? [])]) {
      try {
        handler([...params], key, { state: isState });
      } catch (error) {
        report(error);
      }
    }
  }
}

/** @param {unknown} error */
function report(error) {
  if (typeof globalThis.reportError === 'function') globalThis.reportError(error);
  else console.error(error);
}
