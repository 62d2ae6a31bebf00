// A room as one page has it: entered, kept through every break of the connection, and left.
//
//   connecting -> connected <-> reconnecting     and from each of them -> closed
//
// Whoever enters is told the state first. The owner's page then compares it with its own, sends what
// the server lost, and last what the page has sent meanwhile.

import { webSocketAddress } from './address.js';
import { Connection } from './connection.js';
import { deferred } from './deferred.js';
import { RoomError } from './error.js';
import { RoomClosedEvent, RoomErrorEvent, RoomReconnectingEvent } from './event.js';
import { Handlers } from './handlers.js';
import { STATUS, decode, encode } from './message.js';
import { checkAction, readOptions } from './options.js';
import { Sender } from './sender.js';
import { State } from './state.js';

/** Refusals of which the next try may hear nothing any more. */
const PASSING = ['room-full', 'too-many-rooms'];

export class Room extends EventTarget {
  #isOwner;
  #options;
  #uuid;
  #token;
  /** @type {import('../socker.js').RoomState} */
  #phase = 'connecting';
  #connection;
  #sender;
  #handlers = new Handlers();
  /** The owner's: what the server has by now, unless it lost some. */
  #state = new State();
  /** Until the page has the room. @type {Deferred<Room> | null} */
  #opening = null;
  /** While the server tells its state. @type {{left: number, told: import('./state.js').StateMessage[]} | null} */
  #replay = null;
  #hasBeenWhole = false;
  /** What has come, in order. @type {(() => void)[]} */
  #inbox = [];
  /** While the page that has just got the room adds its handlers. */
  #isHeld = false;
  /** Until when a room that the server does not know may come back. */
  #graceEnds = Infinity;
  /** The owner's wish to close the room. @type {Deferred<void> | null} */
  #closing = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #closeTimer;

  /** @param {string | URL} url @param {import('../socker.js').CreateOptions} [options] @returns {Promise<Room>} */
  static async create(url, options = {}) {
    return new Room(true, url, options).#enter();
  }

  /** @param {string | URL} url @param {string} uuid @param {import('../socker.js').RoomOptions} [options] @returns {Promise<Room>} */
  static async join(url, uuid, options = {}) {
    if (typeof uuid !== 'string' || !uuid) throw new TypeError('the uuid of the room is missing');
    return new Room(false, url, { ...options, uuid, token: undefined }).#enter();
  }

  /** @param {boolean} isOwner @param {string | URL} url @param {import('../socker.js').CreateOptions} options */
  constructor(isOwner, url, options) {
    super();
    this.#isOwner = isOwner;
    this.#options = readOptions(options);
    this.#uuid = this.#options.uuid ?? '';
    this.#token = this.#options.token;
    for (const [key, handler] of Object.entries(this.#options.on)) this.#handlers.add(key, handler);
    const listener = {
      opened: () => this.#greet(),
      received: (/** @type {string | ArrayBuffer} */ data) => typeof data === 'string' && this.#receive(data),
      ended: (/** @type {import('./connection.js').End} */ end) => this.#handle(() => this.#lose(end)),
    };
    this.#connection = new Connection(webSocketAddress(url), listener, this.#options);
    this.#sender = new Sender(this.#connection, (message) => this.#keep(message));
  }

  get uuid() {
    return this.#uuid;
  }

  /** The owner's, to come back with. */
  get token() {
    return this.#token;
  }

  get isOwner() {
    return this.#isOwner;
  }

  get state() {
    return this.#phase;
  }

  /** @param {string} key @param {import('../socker.js').Handler} handler */
  on(key, handler) {
    this.#handlers.add(key, handler);
    return this;
  }

  /** @param {string} key @param {import('../socker.js').Handler} [handler]  all of the key, if missing */
  off(key, handler) {
    this.#handlers.remove(key, handler);
    return this;
  }

  /** Tells all members; later ones as well, if it is state. @param {string} key @param {string[]} [params] */
  send(key, params = [], { state = false } = {}) {
    checkAction(key, params, state);
    if (this.#phase === 'closed' || this.#closing) return;
    const text = encode(STATUS.connected, this.#uuid, { key, params, isState: state });
    if (this.#sender.push({ text, key: state ? key : undefined })) {
      const words = 'too much waits to be sent; the oldest that is no state was dropped';
      this.dispatchEvent(new RoomErrorEvent('outbox-full', words));
    }
  }

  /** The owner closes the room for all, after what it has sent; a member leaves. */
  async close() {
    if (this.#phase === 'closed') return;
    if (!this.#isOwner) return this.#finish('left', 'this page left the room');
    this.#closing ??= this.#beginClosing();
    await this.#closing.promise;
  }

  // --- Entering ---

  #enter() {
    const { signal } = this.#options;
    /** @type {Deferred<Room>} */
    const opening = deferred(signal, () => this.#fail(signal?.reason));
    if (signal?.aborted) return opening.promise;
    this.#opening = opening;
    this.#connection.open();
    return opening.promise;
  }

  /** There will be no room. @param {unknown} reason */
  #fail(reason) {
    if (!this.#opening) return; // called off too late
    this.#phase = 'closed';
    this.#connection.close();
    this.#opening.reject(reason);
    this.#opening = null;
  }

  #greet() {
    const { fields } = this.#options;
    const value = this.#isOwner ? STATUS.create : STATUS.join;
    const more = this.#token === undefined ? fields : { ...fields, token: this.#token };
    this.#connection.send(encode(value, this.#uuid, {}, more));
  }

  /** The server has let us in. @param {Message} message */
  #welcome({ uuid, token, states }) {
    this.#connection.settle();
    this.#graceEnds = Infinity;
    this.#uuid = uuid;
    if (this.#isOwner) this.#token = token;
    this.#replay = { left: states, told: [] };
    if (this.#opening) {
      this.#phase = 'connected';
      this.#opening.resolve(this);
      this.#opening = null;
      this.#hold();
    }
    // What follows is behind what is held.
    this.#inbox.unshift(() => this.#completeReplay());
  }

  /** Looks at what comes only after the page had its turn: it may have come with the answer. */
  #hold() {
    this.#isHeld = true;
    setTimeout(() => {
      this.#isHeld = false;
      this.#handleAll();
    });
  }

  /** The whole state is here. */
  #completeReplay() {
    if (!this.#replay || this.#replay.left > 0) return;
    const { told } = this.#replay;
    this.#replay = null;
    this.#phase = 'connected';
    this.#sender.start(this.#isOwner ? this.#state.catchUp(told) : []);
    if (this.#closing) this.#askToClose();
    this.dispatchEvent(new Event(this.#hasBeenWhole ? 'reconnected' : 'connected'));
    this.#hasBeenWhole = true;
  }

  // --- Receiving ---

  /** One message is one line; some servers gather several. @param {string} text */
  #receive(text) {
    for (const line of text.split('\n')) {
      const message = decode(line);
      if (message) this.#handle(() => this.#act(message, line));
    }
  }

  /** In order, whatever is still held. @param {() => void} step */
  #handle(step) {
    this.#inbox.push(step);
    this.#handleAll();
  }

  #handleAll() {
    while (!this.#isHeld && this.#phase !== 'closed') {
      const step = this.#inbox.shift();
      if (!step) return;
      step();
    }
  }

  /** @param {Message} message @param {string} line */
  #act(message, line) {
    const { value, key, text, error } = message;
    if (key) this.#dispatch(message, line);
    else if (value === STATUS.notConnected) this.#leave(error, text);
    else if (error !== undefined) this.dispatchEvent(new RoomErrorEvent(error, text));
    else if (value === STATUS.connected && !this.#isIn) this.#welcome(message);
  }

  /** Whether the server has let us in, on this connection. */
  get #isIn() {
    return this.#phase === 'connected' || this.#replay !== null;
  }

  /** @param {Message} message @param {string} line */
  #dispatch(message, line) {
    if (!this.#isIn) return;
    const { key } = message;
    const isOwn = this.#isOwner && (this.#state.has(key) || this.#sender.has(key));
    if (this.#replay) {
      this.#replay.left--;
      this.#replay.told.push({ key, text: line });
    }
    if (!isOwn) this.#handlers.call(message);
    this.#completeReplay();
  }

  /** @param {{text: string, key?: string}} message  that was sent */
  #keep({ text, key }) {
    if (this.#isOwner && key !== undefined) this.#state.set({ key, text });
  }

  // --- Leaving ---

  /** The server says that we are in no room. @param {string | undefined} error @param {string} text */
  #leave(error, text) {
    if (this.#opening) this.#fail(new RoomError(error ?? 'room-closed', text));
    else if (error === undefined) this.#finish('room-closed', text);
    else if (this.#mayComeBack(error)) this.#connection.retry();
    else this.#finish(error, text);
  }

  /** After a restart, the server learns of a room only when its owner is back. @param {string} error */
  #mayComeBack(error) {
    if (this.#isIn) return false;
    if (PASSING.includes(error)) return true;
    if (error !== 'unknown-room') return false;
    const now = performance.now();
    this.#graceEnds = Math.min(this.#graceEnds, now + this.#options.grace);
    return now < this.#graceEnds;
  }

  /** @param {import('./connection.js').End} end */
  #lose(end) {
    this.#replay = null;
    this.#sender.stop();
    const words = end.reason || `the connection ended with ${end.code}`;
    if (this.#opening) return this.#fail(new RoomError('connection-failed', words));
    if (!this.#options.reconnect) return this.#finish('connection-lost', words, end.code);
    if (this.#phase === 'reconnecting') return;
    this.#phase = 'reconnecting';
    this.dispatchEvent(new RoomReconnectingEvent(end));
  }

  #beginClosing() {
    const giveUp = () => this.#finish('left', 'the server did not confirm that the room is closed');
    this.#closeTimer = setTimeout(giveUp, this.#options.timeout);
    if (this.#phase === 'connected' && !this.#replay) this.#askToClose();
    return deferred();
  }

  #askToClose() {
    this.#sender.push({ text: encode(STATUS.close, this.#uuid) });
  }

  /** For good. @param {string} code @param {string} reason @param {number} [closeCode] */
  #finish(code, reason, closeCode) {
    this.#phase = 'closed';
    this.#replay = null; // a handler may leave in the middle of it
    clearTimeout(this.#closeTimer);
    this.#sender.stop();
    this.#connection.close();
    this.dispatchEvent(new RoomClosedEvent(code, reason, closeCode));
    this.#closing?.resolve(undefined);
  }
}

/** @typedef {import('./message.js').Message} Message */
/** @template T @typedef {ReturnType<typeof deferred<T>>} Deferred */
