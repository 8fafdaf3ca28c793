// Records until the disk refuses and prints what the error says. Arguments: module of the built recorder, folder.
const [module, dir] = process.argv.slice(2);
const { createLiveRecording } = await import(module);
const live = createLiveRecording({ dir, id: "full", createdBy: "test 1", fidelity: "mark", symbols: ["BTCUSDT"] });
let flushed = 0;
try {
  for (let n = 1; n < 1_000_000; n++) {
    live.market({ rxMs: 1_700_000_000_000 + n, symbol: 0, price: String(n) });
    if (n % 500 === 0) {
      live.flush();
      flushed = n;
    }
  }
} catch (error) {
  let again = "";
  try {
    live.market({ rxMs: 1_800_000_000_000, symbol: 0, price: "1" });
  } catch (second) {
    again = second.message;
  }
  const { name, message, problems } = error;
  live.close();
  console.log(JSON.stringify({ name, message, hint: problems?.[0]?.hint, flushed, again }));
}
