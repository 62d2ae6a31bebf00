// For pages made for Enslavism: its browser API, over a directory. It is a classic script, as those
// pages include it, and what they do before the module has come waits for that.

{
  const loading = import(new URL('/socker.js', document.currentScript.src).href);

  /** The original's listeners get the slave, and not an event. */
  class Emitter {
    #listeners = new Map();

    addEventListener(name, listener) {
      const listeners = this.#listeners.get(name) ?? new Set();
      this.#listeners.set(name, listeners.add(listener));
    }

    removeEventListener(name, listener) {
      this.#listeners.get(name)?.delete(listener);
    }

    on(name, listener) {
      this.addEventListener(name, listener);
      return this;
    }

    off(name, listener) {
      this.removeEventListener(name, listener);
      return this;
    }

    /** One that throws keeps the others from nothing. */
    emit(name, value) {
      for (const listener of [...(this.#listeners.get(name) ?? [])]) {
        try {
          listener(value);
        } catch (error) {
          reportError(error);
        }
      }
    }
  }

  class SlaveConnection extends Emitter {
    #server;
    dataChannels = {};

    constructor(server, master) {
      super();
      this.#server = server;
      this.master = master;
      server.addEventListener('rejected', () => this.emit('rejected', this));
    }

    get id() {
      return this.#server.id;
    }

    get userData() {
      return this.#server.metadata;
    }

    connect() {
      const connected = this.#server.connect();
      connected.catch(() => {}); // the original's returned nothing that a page could look at
      return connected;
    }

    async createDataChannel(name, options) {
      const channel = await this.#server.createDataChannel(name, options);
      this.dataChannels[name] = channel;
      return channel;
    }

    close() {
      this.#server.close();
    }
  }

  class MasterConnection extends Emitter {
    /** Also a listener. */
    onSlave;
    slaves = [];
    #byServer = new Map();

    /** @param {string} url  of the master @param {import('../../client/socker.js').DirectoryOptions} [options] */
    constructor(url, options) {
      super();
      const address = new URL(`${String(url).replace(/\/$/, '')}/enslavism/clients`, location.href);
      this.on('slaveadded', (slave) => {
        this.emit('slave', slave);
        this.onSlave?.(slave);
      });
      loading.then(({ Directory }) => this.#follow(new Directory(address, options)));
    }

    findSlave(id) {
      return this.slaves.find((slave) => slave.id === id);
    }

    #follow(directory) {
      directory.addEventListener('serveradded', ({ server }) => {
        const slave = new SlaveConnection(server, this);
        this.#byServer.set(server, slave);
        this.slaves.push(slave);
        this.emit('slaveadded', slave);
      });
      directory.addEventListener('serverremoved', ({ server }) => {
        const slave = this.#byServer.get(server);
        this.#byServer.delete(server);
        this.slaves.splice(this.slaves.indexOf(slave), 1);
        this.emit('slaveremoved', slave);
      });
    }
  }

  window.MasterConnection = MasterConnection;
}
