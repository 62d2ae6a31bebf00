/** Why a script did not come to its end. */
export class ScriptError extends Error {
  /**
   * @param {string} code  for programs
   * @param {string} message  for people
   * @param {{stage?: string, closeCode?: number, reason?: string}} [details]
   */
  constructor(code, message, { stage, closeCode, reason = '' } = {}) {
    super(message);
    this.name = 'ScriptError';
    this.code = code;
    this.stage = stage;
    this.closeCode = closeCode;
    this.reason = reason;
  }
}
