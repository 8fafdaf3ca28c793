// Records numbered rows as fast as it can and prints the number of the last one that `flush` acknowledged.
// Arguments: module of the built recorder, folder, first number.
const [module, dir, first] = process.argv.slice(2);
const { createLiveRecording } = await import(module);
const live = createLiveRecording({
  dir,
  id: "killed",
  createdBy: "test 1",
  fidelity: "mark",
  symbols: ["BTCUSDT"],
  rotation: { bytesMax: 4_000 },
});
process.stdout.write("ready\n");
for (let n = Number(first); ; n++) {
  const rxMs = 1_700_000_000_000 + n;
  if (n % 3 === 0) live.input({ rxMs, stream: "trade.intent", payload: { n } });
  else live.market({ rxMs, symbol: 0, price: String(n + 1) });
  if (n % 7 === 0) {
    live.flush();
    process.stdout.write(`${n}\n`);
    // Packing and the pipe need the event loop.
    await new Promise((done) => setImmediate(done));
  }
}
