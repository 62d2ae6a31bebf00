// What a stage of a script wants next.

/** The next message is for the same stage. */
export const STAY = Object.freeze({ step: 'stay' });
/** On to the next stage. */
export const NEXT = Object.freeze({ step: 'next' });

/** The connection is closed. */
export class Close {
  step = /** @type {const} */ ('close');

  /** @param {number} code @param {string} reason */
  constructor(code, reason) {
    // A browser throws at these, but only when it comes to it.
    if (code !== 1000 && !(code >= 3000 && code <= 4999)) throw new RangeError('a page may close with 1000, and from 3000 to 4999');
    if (new TextEncoder().encode(reason).length > 123) throw new RangeError('a reason has 123 bytes at the most');
    this.code = code;
    this.reason = reason;
  }
}
