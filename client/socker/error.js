/** Why there is no room. */
export class RoomError extends Error {
  /** @param {string} code  for programs @param {string} message  for people */
  constructor(code, message) {
    super(message);
    this.name = 'RoomError';
    this.code = code;
  }
}
