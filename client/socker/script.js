// A chain of named stages through which a connection moves, as on the server.

import { LONGEST } from './options.js';
import { Run } from './script-run.js';
import { Close, NEXT, STAY } from './script-step.js';

/**
 * A stage: how it is entered, what it does with a message, and how long it may take, in ms.
 * @template S
 * @param {string} name @param {import('../socker.js').StageOptions<S>} options
 * @returns {import('../socker.js').Stage<S>}
 */
export function stage(name, { deadline, enter, message } = {}) {
  if (typeof name !== 'string' || !name) throw new TypeError('a stage has a name');
  for (const handler of [enter, message]) {
    if (handler !== undefined && typeof handler !== 'function') throw new TypeError(`a handler of "${name}" is no function`);
  }
  if (deadline !== undefined && !(deadline > 0)) throw new TypeError(`the deadline of "${name}" is a number of milliseconds`);
  return Object.freeze({ name, deadline: deadline && Math.min(deadline, LONGEST), enter, message });
}

/** @template S */
export class Script {
  static stay = STAY;
  static next = NEXT;

  /** @param {number} [code] @param {string} [reason] */
  static close(code = 1000, reason = '') {
    return new Close(code, reason);
  }

  #stages;

  /** @param {readonly import('../socker.js').Stage<S>[]} stages */
  constructor(stages) {
    this.#stages = [...stages];
    if (this.#stages.length === 0) throw new TypeError('a script has a stage');
  }

  /** The names of all stages, in order. */
  get stages() {
    return this.#stages.map(({ name }) => name);
  }

  /**
   * Drives a connection through the stages; resolves with the state when it is past the last.
   * @param {WebSocket | RTCDataChannel} socket @param {S} state
   * @param {import('../socker.js').RunOptions} [options]
   * @returns {Promise<S>}
   */
  async run(socket, state, options = {}) {
    return new Run(this.#stages, socket, state, options).start();
  }
}
