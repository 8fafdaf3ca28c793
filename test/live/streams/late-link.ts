import { createServer, type Server, Socket } from "node:net";

/**
 * A way to a server that can hold back what a client sends, also when that client has gone: what it had sent arrives
 * later, as from the buffer of a machine that stood still.
 */
export class LateLink {
  readonly #server: Server;
  readonly #held: { readonly bytes: Buffer; readonly to: Socket }[] = [];
  readonly #sockets = new Set<Socket>();
  #isHolding = false;

  private constructor(toPort: number) {
    this.#server = createServer((client) => {
      const upstream = new Socket();
      upstream.connect(toPort, "127.0.0.1");
      for (const socket of [client, upstream]) {
        this.#sockets.add(socket);
        socket.on("error", () => {});
      }
      upstream.on("data", (bytes) => client.write(bytes));
      upstream.on("close", () => client.destroy());
      client.on("data", (bytes) => {
        if (this.#isHolding) this.#held.push({ bytes, to: upstream });
        else upstream.write(bytes);
      });
    });
  }

  static async open(toPort: number): Promise<LateLink> {
    const link = new LateLink(toPort);
    await new Promise<void>((done) => link.#server.listen(0, "127.0.0.1", done));
    return link;
  }

  get url(): string {
    const address = this.#server.address();
    return `redis://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
  }

  get heldBytes(): number {
    return this.#held.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  hold(): void {
    this.#isHolding = true;
  }

  /** What was held arrives; resolves when it has. */
  async release(): Promise<void> {
    this.#isHolding = false;
    const writing = this.#held.splice(0).map(({ bytes, to }) => new Promise((done) => to.write(bytes, done)));
    await Promise.all(writing);
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }
}
