// A peer connection with a game server. This end makes the offer; all data channels share it.

import { deferred } from './deferred.js';
import { DirectoryError } from './directory-error.js';

/**
 * The stream of a channel that is always there: an offer needs one, and its end is that of the
 * connection. Both ends would have to agree on it, so the game server does not hear of it. Browsers
 * have no higher one, and give out the lowest first.
 */
const SILENT_STREAM = 1023;

/**
 * @typedef {object} Listener
 * @property {(candidate: RTCIceCandidate | null) => void} candidate  for the other end; null: there are no more
 * @property {() => void} connected
 * @property {() => void} ended
 */

export class Peer {
  #listener;
  #timeout;
  #connection;
  /** @type {Deferred<void>} */
  #connected = deferred();
  /** Kept once the offer has gone; candidates go after it. @type {Deferred<void>} */
  #offered = deferred();
  /** Kept once the answer is there; candidates count only after it. @type {Deferred<void>} */
  #answered = deferred();
  #isAnswered = false;
  #isConnected = false;
  /** Why there is no connection any more. @type {DirectoryError | null} */
  #end = null;
  /** Data channels that are not open yet. @type {Set<(error: DirectoryError) => void>} */
  #opening = new Set();
  #timer;

  /** @param {RTCConfiguration} configuration @param {number} timeout  in ms @param {Listener} listener */
  constructor(configuration, timeout, listener) {
    if (typeof RTCPeerConnection === 'undefined') throw new DirectoryError('no-webrtc', 'there is no WebRTC here');
    this.#listener = listener;
    this.#timeout = timeout;
    this.#connection = new RTCPeerConnection(configuration);
    this.#connection.onicecandidate = ({ candidate }) => this.#trickle(candidate);
    this.#connection.onconnectionstatechange = () => this.#look();
    const silent = this.#connection.createDataChannel('', { negotiated: true, id: SILENT_STREAM });
    silent.onopen = () => {
      // The other channels end together with it, and are to tell so first.
      silent.onclose = () => setTimeout(() => this.end('connection-lost', 'the server ended the connection'));
    };
    this.#timer = setTimeout(() => this.end('timeout', 'there was no connection in time'), timeout);
  }

  /** Resolves when the connection is there. */
  get connected() {
    return this.#connected.promise;
  }

  get isConnected() {
    return this.#isConnected;
  }

  get isAnswered() {
    return this.#isAnswered;
  }

  /** The description that the other end is to get; nothing if it came to an end meanwhile. */
  async offer() {
    try {
      await this.#connection.setLocalDescription(await this.#connection.createOffer());
    } catch (error) {
      this.end('connection-failed', `there is no offer: ${error}`);
    }
    return this.#end ? undefined : this.#connection.localDescription?.sdp;
  }

  /** The offer has gone. */
  offered() {
    this.#offered.resolve();
  }

  /** @param {string} sdp */
  async answer(sdp) {
    if (this.#end || this.#isAnswered) return;
    this.#isAnswered = true;
    try {
      await this.#connection.setRemoteDescription({ type: 'answer', sdp });
      this.#answered.resolve();
    } catch (error) {
      this.end('connection-failed', `the answer is of no use: ${error}`);
    }
  }

  /** @param {RTCIceCandidateInit | null} candidate */
  async add(candidate) {
    await this.#answered.promise;
    if (this.#end) return;
    try {
      await this.#connection.addIceCandidate(candidate);
    } catch {
      // It is of no use, and another may be.
    }
  }

  /**
   * Resolves when it is open. Throws what the browser says of a wrong argument.
   * @param {string} label @param {RTCDataChannelInit} [options] @returns {Promise<RTCDataChannel>}
   */
  createDataChannel(label, options) {
    const channel = this.#connection.createDataChannel(label, options);
    channel.binaryType = 'arraybuffer';
    return new Promise((resolve, reject) => {
      /** @param {DirectoryError} error */
      const fail = (error) => {
        settle();
        reject(error);
      };
      const settle = () => {
        clearTimeout(timer);
        this.#opening.delete(fail);
        channel.removeEventListener('close', refuse);
      };
      const refuse = () => fail(new DirectoryError('channel-failed', `the data channel "${label}" did not open`));
      const timer = setTimeout(() => {
        channel.close();
        fail(new DirectoryError('timeout', `the data channel "${label}" did not open in time`));
      }, this.#timeout);
      this.#opening.add(fail);
      channel.addEventListener('close', refuse);
      channel.addEventListener('open', () => (settle(), resolve(channel)), { once: true });
    });
  }

  /** For good. @param {string} code @param {string} words */
  end(code, words) {
    if (this.#end) return;
    const error = new DirectoryError(code, words);
    this.#end = error;
    clearTimeout(this.#timer);
    this.#connection.onicecandidate = this.#connection.onconnectionstatechange = null;
    this.#connection.close();
    for (const fail of [...this.#opening]) fail(error);
    this.#connected.reject(error);
    this.#listener.ended();
  }

  /** @param {RTCIceCandidate | null} candidate */
  async #trickle(candidate) {
    if (candidate?.candidate === '') return; // the end of one of several generations
    await this.#offered.promise;
    if (!this.#end) this.#listener.candidate(candidate);
  }

  #look() {
    const state = this.#connection.connectionState;
    if (state === 'failed' || state === 'closed') {
      if (this.#isConnected) this.end('connection-lost', 'the connection to the server was lost');
      else this.end('connection-failed', 'the server could not be reached');
    } else if (state === 'connected' && !this.#isConnected) {
      this.#isConnected = true;
      clearTimeout(this.#timer);
      this.#listener.connected();
      this.#connected.resolve();
    }
  }
}

/** @template T @typedef {ReturnType<typeof deferred<T>>} Deferred */
