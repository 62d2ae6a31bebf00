// The round trips over one way, which sends everything back: a data channel or a WebSocket.

/** How long a round trip is kept. In ms. */
export const SPAN = 30_000;

/** @typedef {{at: number, ms: number | null}} Ping  sent then; back after so long, or not yet */

export class Pings {
  /** In the order in which they were sent. @type {Ping[]} */
  all = [];
  #patience;
  /** Those that are not back, by their number. @type {Map<number, Ping>} */
  #awaited = new Map();
  #number = 0;
  /** @type {RTCDataChannel | WebSocket | null} */
  #way = null;

  /** @param {number} patience  after so many ms, one that is not back counts as lost */
  constructor(patience) {
    this.#patience = patience;
  }

  get isOn() {
    return this.#way !== null;
  }

  /** What was sent over another way says nothing of this one. @param {RTCDataChannel | WebSocket | null} way */
  use(way) {
    if (this.#way === way) return;
    if (this.#way) this.#way.onmessage = null;
    this.#way = way;
    this.all = [];
    this.#awaited.clear();
    if (way) way.onmessage = ({ data }) => this.#receive(data);
  }

  ping() {
    const now = performance.now();
    while (this.all.length && now - this.all[0].at > SPAN) this.all.shift();
    for (const [number, { at }] of this.#awaited) if (now - at > SPAN) this.#awaited.delete(number);
    if (this.#way?.readyState !== 'open' && this.#way?.readyState !== WebSocket.OPEN) return;
    const ping = { at: now, ms: null };
    this.#way.send(Uint32Array.of(++this.#number));
    this.#awaited.set(this.#number, ping);
    this.all.push(ping);
  }

  /** Nothing measures while the page rests: what is under way is not counted. */
  pause() {
    this.all = this.all.filter(({ ms }) => ms !== null);
    this.#awaited.clear();
  }

  /** @param {Ping} ping */
  isLost({ at, ms }) {
    return ms === null && performance.now() - at > this.#patience;
  }

  /** Of those that came back in the last so many ms, this share was as quick. In ms. @returns {number | null} */
  quantile(share, span = SPAN) {
    const since = performance.now() - span;
    return quantile(this.all.filter(({ at, ms }) => ms !== null && at >= since).map(({ ms }) => ms), share);
  }

  /** Which share was lost; null if it is not known yet. */
  get loss() {
    const lost = this.all.filter((ping) => this.isLost(ping)).length;
    const back = this.all.filter(({ ms }) => ms !== null).length;
    return lost + back === 0 ? null : lost / (lost + back);
  }

  #receive(data) {
    if (!(data instanceof ArrayBuffer) || data.byteLength !== 4) return;
    const [number] = new Uint32Array(data);
    const ping = this.#awaited.get(number);
    if (!this.#awaited.delete(number)) return; // it comes twice, or too late
    ping.ms = performance.now() - ping.at;
  }
}

/** @param {number[]} values @returns {number | null} */
export function quantile(values, share) {
  if (values.length === 0) return null;
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(Math.floor(share * sorted.length), sorted.length - 1)];
}
