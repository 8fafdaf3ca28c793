#!/usr/bin/env node
import { createLiveProgram } from "./live/program.ts";
import { runCommandLine } from "./shell.ts";

await runCommandLine(createLiveProgram);
