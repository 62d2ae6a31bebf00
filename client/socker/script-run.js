// One connection's way through the stages of a script.

import { deferred } from './deferred.js';
import { ScriptError } from './script-error.js';
import { Close, NEXT, STAY } from './script-step.js';

/** A stage took too long: the code that IANA's registry has for it. */
const TIMEOUT = 3008;

/** As a WebSocket has it, and as a data channel has it. @type {unknown[]} */
const CONNECTING = [0, 'connecting'];
/** @type {unknown[]} */
const OPEN = [1, 'open'];

/** @template S */
export class Run {
  #stages;
  #socket;
  #state;
  #onStage;
  /** @type {ReturnType<typeof deferred<S>>} */
  #done;
  #began = performance.now();
  /** The number of the stage; -1 until the connection is open. */
  #at = -1;
  /** When the stage has to be over. */
  #due = Infinity;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #isOver = false;
  #context;

  /**
   * @param {import('../socker.js').Stage<S>[]} stages @param {WebSocket | RTCDataChannel} socket @param {S} state
   * @param {import('../socker.js').RunOptions} options
   */
  constructor(stages, socket, state, { onStage, signal }) {
    this.#stages = stages;
    this.#socket = socket;
    this.#state = state;
    this.#onStage = onStage;
    this.#context = { send: (/** @type {any} */ data) => socket.send(data) };
    this.#done = deferred(signal, () => this.#stop());
  }

  start() {
    const socket = /** @type {EventTarget} */ (this.#socket);
    this.#socket.binaryType = 'arraybuffer';
    if (this.#isOver) return this.#done.promise; // called off before
    socket.addEventListener('open', this.#open);
    socket.addEventListener('message', this.#receive);
    socket.addEventListener('close', this.#lose);
    if (OPEN.includes(this.#socket.readyState)) this.#open();
    else if (!CONNECTING.includes(this.#socket.readyState)) this.#fail(new ScriptError('connection-lost', 'the connection is closed'));
    return this.#done.promise;
  }

  #open = () => this.#obey(() => this.#enter());

  /** @param {Event} event */
  #receive = (event) => {
    // The message may come before the timer.
    if (performance.now() >= this.#due) return this.#expire();
    const { data } = /** @type {MessageEvent<string | ArrayBuffer>} */ (event);
    const { message } = this.#stages[this.#at];
    this.#obey(() => {
      const step = message ? message(this.#state, this.#context, data) : STAY;
      return step === NEXT ? this.#enter() : step;
    });
  };

  /** @param {Event} event */
  #lose = (event) => {
    const { code, reason } = /** @type {CloseEvent} */ (event); // a data channel's has neither
    const words = `the connection ended${reason ? `: ${reason}` : ''}`;
    this.#fail(new ScriptError('connection-lost', words, { stage: this.#name, closeCode: code, reason }));
  };

  /** The stage that the connection is in, once it has come to one. */
  get #name() {
    return this.#stages[this.#at]?.name;
  }

  /** Enters the next stage, and those after it as long as entering steps on. */
  #enter() {
    for (;;) {
      const stage = this.#stages[++this.#at];
      if (!stage) return NEXT;
      this.#limit(stage.deadline);
      this.#onStage?.(stage.name, performance.now() - this.#began);
      const step = stage.enter?.(this.#state, this.#context) ?? STAY;
      if (step !== NEXT) return step;
    }
  }

  /** @param {number | undefined} deadline */
  #limit(deadline) {
    clearTimeout(this.#timer);
    this.#due = deadline === undefined ? Infinity : performance.now() + deadline;
    if (deadline !== undefined) this.#timer = setTimeout(() => this.#expire(), deadline);
  }

  /** Does what a stage wants; a handler that throws ends the script. @param {() => unknown} handle */
  #obey(handle) {
    try {
      const step = handle();
      if (this.#isOver || step === STAY) return;
      if (step === NEXT) this.#finish();
      else if (step instanceof Close) this.#close(step);
      else throw new TypeError(`stage "${this.#name}" says neither to stay, nor next, nor to close`);
    } catch (error) {
      this.#fail(error, 1000);
    }
  }

  #expire() {
    const words = `stage "${this.#name}" took too long`;
    this.#fail(new ScriptError('timeout', words, { stage: this.#name, closeCode: TIMEOUT }), TIMEOUT, words);
  }

  /** @param {Close} close */
  #close({ code, reason }) {
    const words = `stage "${this.#name}" closed the connection${reason ? `: ${reason}` : ''}`;
    this.#fail(new ScriptError('closed', words, { stage: this.#name, closeCode: code, reason }), code, reason);
  }

  #finish() {
    this.#stop();
    this.#done.resolve(this.#state);
  }

  /** @param {unknown} error @param {number} [code]  to close the connection with @param {string} [reason] */
  #fail(error, code, reason) {
    if (this.#isOver) return;
    this.#stop();
    if (code !== undefined) /** @type {WebSocket} */ (this.#socket).close(code, reason);
    this.#done.reject(error);
  }

  /** The connection is the page's again. */
  #stop() {
    this.#isOver = true;
    clearTimeout(this.#timer);
    const socket = /** @type {EventTarget} */ (this.#socket);
    socket.removeEventListener('open', this.#open);
    socket.removeEventListener('message', this.#receive);
    socket.removeEventListener('close', this.#lose);
  }
}
