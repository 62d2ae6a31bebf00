/** Why there is no directory, no connection to a server, or no data channel. */
export class DirectoryError extends Error {
  /** @param {string} code  for programs @param {string} message  for people */
  constructor(code, message) {
    super(message);
    this.name = 'DirectoryError';
    this.code = code;
  }
}
