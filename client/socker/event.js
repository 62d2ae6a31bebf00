// What a room tells its page.

/** Something that was sent did nothing; the room goes on. */
export class RoomErrorEvent extends Event {
  /** @param {string} code  for programs @param {string} message  for people */
  constructor(code, message) {
    super('error');
    this.code = code;
    this.message = message;
  }
}

/** The connection broke, and the next is on its way. */
export class RoomReconnectingEvent extends Event {
  /** @param {import('./connection.js').End} end */
  constructor({ code, reason }) {
    super('reconnecting');
    this.closeCode = code;
    this.reason = reason;
  }
}

/** The room is over for this page, and nothing follows. */
export class RoomClosedEvent extends Event {
  /** @param {string} code  for programs @param {string} reason  for people @param {number} [closeCode]  of the WebSocket */
  constructor(code, reason, closeCode) {
    super('closed');
    this.code = code;
    this.reason = reason;
    this.closeCode = closeCode;
  }
}
