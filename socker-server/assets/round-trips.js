// The section that shows how long a message takes there and back: over the arena's data channel and
// over a WebSocket to /echo, side by side.

import { Pings, quantile } from './pings.js';
import { Plot } from './plot.js';
import { Backoff } from './socker/backoff.js';
import { address } from './wire.js';

/** Between two pings, in ms. */
const EVERY = 100;
/** What is not back by then does not come any more: nothing is sent again. In ms. */
const PATIENCE = 2000;
/** The numbers below are read by people. In ms. */
const READ_EVERY = 1000;
/** A connection that ends sooner is not one to hurry back to. In ms. */
const LASTING = 5000;
/** What may be at the top of the scale, in ms. */
const TOPS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000];

const reducedMotion = matchMedia('(prefers-reduced-motion: reduce)');
const byId = (id) => document.getElementById(id);
const inMs = (ms) => (ms === null ? '–' : `${ms < 10 ? ms.toFixed(2) : ms.toFixed(0)} ms`);
const inPercent = (share) => (share === null ? '–' : `${(share * 100).toFixed(share > 0 && share < 0.1 ? 1 : 0)} %`);

export class RoundTrips {
  #channel = new Pings(PATIENCE);
  /** Over TCP, everything arrives. */
  #socket = new Pings(Infinity);
  #plots = [new Plot(byId('channel-plot'), this.#channel), new Plot(byId('socket-plot'), this.#socket)];
  /** To /echo. @type {WebSocket | null} */
  #echo = null;
  #backoff = new Backoff();
  /** Until it is opened again. */
  #reopening = 0;
  #timer = 0;

  constructor() {
    document.addEventListener('visibilitychange', () => this.#look());
    setInterval(() => {
      this.#write();
      if (reducedMotion.matches) this.#draw();
    }, READ_EVERY);
    this.#look();
  }

  /** The server is there, or not. @param {boolean} isThere */
  connect(isThere) {
    if (isThere) this.#open();
    else this.#close();
  }

  /** @param {RTCDataChannel | null} channel @param {string} [why]  there is none */
  use(channel, why = '') {
    this.#channel.use(channel);
    byId('channel-waits').textContent = why;
    this.#write();
  }

  /** Over the arena's channel, now. In ms. */
  get now() {
    return this.#channel.quantile(0.5, 2 * READ_EVERY);
  }

  #open() {
    clearTimeout(this.#reopening);
    if (this.#echo) return;
    const socket = (this.#echo = new WebSocket(address('/echo')));
    let since = Infinity;
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => {
      since = performance.now();
      this.#socket.use(socket);
    };
    socket.onclose = () => {
      if (performance.now() - since > LASTING) this.#backoff.reset();
      this.#close();
      this.#reopening = setTimeout(() => this.#open(), this.#backoff.next());
    };
  }

  /** Its end must not be taken for that of the next one. */
  #close() {
    clearTimeout(this.#reopening);
    if (!this.#echo) return;
    this.#echo.onopen = this.#echo.onclose = null;
    this.#echo.close();
    this.#echo = null;
    this.#socket.use(null);
  }

  /** A tab that nobody sees measures nothing. */
  #look() {
    clearInterval(this.#timer);
    if (document.hidden) for (const pings of [this.#channel, this.#socket]) pings.pause();
    else this.#timer = setInterval(() => this.#step(), EVERY);
  }

  #step() {
    this.#channel.ping();
    this.#socket.ping();
    if (!reducedMotion.matches) this.#draw();
  }

  #draw() {
    const most = this.#most();
    for (const plot of this.#plots) plot.draw(most);
  }

  /** One scale for both. A few that are slower lie at its top. */
  #most() {
    const slow = quantile([this.#channel, this.#socket].flatMap((pings) => pings.quantile(0.98) ?? []), 1) ?? 0;
    return TOPS.find((top) => top >= slow * 1.25) ?? TOPS.at(-1);
  }

  #write() {
    for (const [name, pings] of [['channel', this.#channel], ['socket', this.#socket]]) {
      byId(`${name}-p50`).textContent = inMs(pings.quantile(0.5));
      byId(`${name}-p95`).textContent = inMs(pings.quantile(0.95));
      byId(`${name}-lost`).textContent = pings.isOn ? inPercent(pings.loss) : '–';
    }
  }
}
