// The connection with one arena: its data channels, and what is said over them.
//
//   joining -> playing     and from each of them -> over

import { reasonOf } from './reasons.js';
import { decode, encodeSteer } from './wire.js';

/** A lost message is not sent again: the next one says more. */
const UNRELIABLE = { ordered: false, maxRetransmits: 0 };
/** The last wish may be lost too: it is said again after so many ms each. */
const AGAIN = [40, 80, 160, 320];
/** Of a name, so many characters are shown. */
const NAME = 32;
/** And so many of why it refuses. */
const REASON = 120;
/**
 * Positions come once a second at the least: after so many seconds without, nobody is there. Nor does it take
 * longer from open channels to the game.
 */
const SILENCE = 3;

/**
 * Told what happens. When it is told, the arena's fields already say so.
 * @typedef {object} Listener
 * @property {(arena: Arena, stage: {name: string, at: number, size: number}) => void} stage
 *   reached at that time of `performance.now()`, by so many bytes
 * @property {(arena: Arena) => void} playing
 * @property {(arena: Arena, snapshot: import('./wire.js').Snapshot) => void} snapshot  while it is played
 * @property {(arena: Arena) => void} pinging  `ping` has opened
 * @property {(arena: Arena, why: string) => void} over  not by this page; what the arena did
 */

export class Arena {
  /** When the attempt began. */
  began = performance.now();
  /** Those that were reached. @type {{name: string, at: number, size: number}[]} */
  stages = [];
  /** @type {import('./wire.js').Scene | null} */
  scene = null;
  /** @type {import('./wire.js').Play | null} */
  self = null;
  /** The channel that sends everything back. @type {RTCDataChannel | null} */
  ping = null;

  #listener;
  /** @type {'joining' | 'playing' | 'over'} */
  #phase = 'joining';
  /** @type {RTCDataChannel | null} */
  #positions = null;
  #isOpen = false;
  /** Of those who are there. @type {Map<number, number>} */
  #hues = new Map();
  /** @type {(import('./wire.js').Positions & {size: number}) | null} */
  #newest = null;
  /** Why it ends, in its own words. */
  #refusal = '';
  #ending = new AbortController();
  /** Of the last wish. */
  #number = 0;
  #repeat = 0;
  /** So many looks in a row found no game, or no positions. */
  #silent = 0;
  #watch = 0;

  /** @param {import('./socker/server.js').Server} server @param {Listener} listener */
  constructor(server, listener) {
    this.server = server;
    this.#listener = listener;
    const { signal } = this.#ending;
    const describe = ({ type, sdp }) => this.#reach(type, sdp.length);
    server.addEventListener('offer', describe, { signal });
    server.addEventListener('answer', describe, { signal });
    server.addEventListener('statechange', () => this.#look(), { signal });
    this.#open();
  }

  get name() {
    return nameOf(this.server);
  }

  get isPlaying() {
    return this.#phase === 'playing';
  }

  /** Where the own marker is wanted. */
  steer(x, y) {
    clearTimeout(this.#repeat);
    const wish = encodeSteer(++this.#number, x, y);
    const say = (again) => {
      if (this.#positions?.readyState !== 'open') return;
      this.#positions.send(wish);
      if (again < AGAIN.length) this.#repeat = setTimeout(say, AGAIN[again], again + 1);
    };
    say(0);
  }

  /** Ends it, without another word to the listener. */
  leave() {
    if (this.#phase === 'over') return;
    this.#phase = 'over';
    this.#ending.abort();
    clearTimeout(this.#repeat);
    clearInterval(this.#watch);
    this.server.close();
  }

  async #open() {
    const open = async (label, options) => {
      const channel = await this.server.createDataChannel(label, options);
      // The other one may still be on its way.
      if (label === 'ping') return channel;
      channel.onmessage = ({ data }) => data instanceof ArrayBuffer && this.#receive(data);
      channel.onclose = () => this.#end(`closed its channel “${label}”`);
      return channel;
    };
    try {
      const channels = [open('joins'), open('positions', UNRELIABLE)];
      const ping = open('ping', UNRELIABLE);
      ping.then((channel) => this.#usePing(channel), () => {}); // it is not needed to play
      [, this.#positions] = await Promise.all(channels);
    } catch (error) {
      return this.#end(reasonOf(error));
    }
    this.#isOpen = true;
    this.#watch = setInterval(() => this.#listen(), 1000);
    this.#reach('channel', 0);
    this.#begin();
  }

  /** @param {RTCDataChannel} channel */
  #usePing(channel) {
    if (this.#phase === 'over') return;
    this.ping = channel;
    this.#listener.pinging(this);
  }

  /** @param {ArrayBuffer} data */
  #receive(data) {
    const message = decode(data);
    if (this.#phase === 'over') return;
    if (message?.type === 'scene') this.scene = message;
    if (message?.type === 'play') this.self = message;
    if (message?.type === 'joined') this.#hues.set(message.id, message.hue);
    if (message?.type === 'left') this.#hues.delete(message.id);
    if (message?.type === 'refused') this.#refusal = `refused: ${cut(message.why, REASON)}`;
    if (message?.type === 'positions') this.#keep(message, data.byteLength);
    else if (message) this.#tell();
    this.#begin();
  }

  /** They come twice, and in any order. @param {import('./wire.js').Positions} positions */
  #keep(positions, size) {
    if (this.isPlaying) this.#silent = 0;
    if (this.#newest && ((positions.tick - this.#newest.tick) | 0) <= 0) return;
    this.#newest = { ...positions, size };
    this.#tell();
  }

  /** Once all is there that the game needs, in whatever order it came. */
  #begin() {
    if (this.#phase !== 'joining' || !this.#isOpen || !this.scene || !this.self || !this.#newest) return;
    this.#phase = 'playing';
    this.#silent = 0;
    this.#reach('play', this.#newest.size);
    this.#listener.playing(this);
    this.#tell();
  }

  /** Positions know no colours; and of whom nobody has told, or who has left, is not there. */
  #tell() {
    if (this.#phase !== 'playing') return;
    const { tick, places } = this.#newest;
    const there = [...places].filter(([id]) => this.#hues.has(id));
    const peers = new Map(there.map(([id, place]) => [id, { ...place, hue: this.#hues.get(id) }]));
    this.#listener.snapshot(this, { type: 'snapshot', tick, peers });
  }

  /** @param {string} name @param {number} size */
  #reach(name, size) {
    if (this.#phase === 'over') return;
    const stage = { name, at: performance.now(), size };
    this.stages.push(stage);
    this.#listener.stage(this, stage);
  }

  #listen() {
    if (++this.#silent > SILENCE) this.#end(this.isPlaying ? 'says nothing any more' : 'does not begin');
  }

  #look() {
    // Before that, the channels' promises tell more.
    if (this.#isOpen && this.server.state === 'disconnected') this.#end('was lost');
  }

  /** @param {string} why */
  #end(why) {
    if (this.#phase === 'over') return;
    this.leave();
    this.#listener.over(this, this.#refusal || why);
  }
}

/** What a server calls itself, which may be anything. @param {import('./socker/server.js').Server} server */
export function nameOf({ id, metadata }) {
  const name = typeof metadata?.name === 'string' ? metadata.name.trim() : '';
  return cut(name, NAME) || `server ${id}`;
}

/** @param {string} text @param {number} most  characters */
const cut = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

/** Whether it says that it is one. @param {import('./socker/server.js').Server} server */
export const isArena = ({ metadata }) => metadata?.game === 'scene';
