import { runOrderFlow } from "./order-flow.ts";

// Alone in its process: what others have left on the heap would be measured with it.
runOrderFlow(50_000);
process.stdout.write(JSON.stringify(runOrderFlow(Number(process.argv[2]))));
