// How fast messages may go: a bucket of tokens, which fills up steadily.

export class Pace {
  #rate;
  #burst;
  #tokens;
  #at = performance.now();

  /** @param {{rate: number, burst: number}} limits  messages a second, and at once */
  constructor({ rate, burst }) {
    this.#rate = rate;
    this.#burst = burst;
    this.#tokens = burst;
  }

  /** How long the next message has to wait, in ms. */
  wait() {
    const now = performance.now();
    this.#tokens = Math.min(this.#tokens + ((now - this.#at) * this.#rate) / 1000, this.#burst);
    this.#at = now;
    return this.#tokens >= 1 ? 0 : ((1 - this.#tokens) * 1000) / this.#rate;
  }

  take() {
    this.#tokens--;
  }
}
