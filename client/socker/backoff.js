// How long to wait before the next try.

export class Backoff {
  #first;
  #most;
  #jitter;
  /** Failures in a row. */
  #failures = 0;

  /**
   * Half a second is a server that was restarted, and eight seconds are what somebody still waits
   * for. The jitter keeps many pages from coming back all at once.
   * @param {import('../socker.js').BackoffOptions} [options]
   */
  constructor({ first = 500, most = 8000, jitter = 0.25 } = {}) {
    if (!(first > 0 && most > 0 && jitter >= 0 && jitter <= 1)) {
      throw new TypeError('a backoff has times above 0, and a share from 0 to 1');
    }
    this.#first = first;
    this.#most = most;
    this.#jitter = jitter;
  }

  /** In ms. */
  next() {
    const delay = Math.min(this.#first * 2 ** this.#failures++, this.#most);
    return delay * (1 - Math.random() * this.#jitter);
  }

  reset() {
    this.#failures = 0;
  }
}
