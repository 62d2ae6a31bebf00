// What a directory tells its page.

/** A server is there, has other metadata, or is gone. */
export class DirectoryServerEvent extends Event {
  /** @param {'serveradded' | 'serverchanged' | 'serverremoved'} type @param {import('./server.js').Server} server */
  constructor(type, server) {
    super(type);
    this.server = server;
  }
}

/** A message did nothing; the directory goes on. */
export class DirectoryErrorEvent extends Event {
  /** @param {string} code  for programs @param {string} message  for people */
  constructor(code, message) {
    super('error');
    this.code = code;
    this.message = message;
  }
}

/** There is no connection to the directory, and the next is on its way. */
export class DirectoryReconnectingEvent extends Event {
  /** @param {import('./connection.js').End} end */
  constructor({ code, reason }) {
    super('reconnecting');
    this.closeCode = code;
    this.reason = reason;
  }
}

/** The directory is over for this page. */
export class DirectoryClosedEvent extends Event {
  /** @param {string} code  for programs @param {string} reason  for people @param {number} [closeCode]  of the WebSocket */
  constructor(code, reason, closeCode) {
    super('closed');
    this.code = code;
    this.reason = reason;
    this.closeCode = closeCode;
  }
}
