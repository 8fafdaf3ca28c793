#!/usr/bin/env node
import { createProgram } from "./program.ts";
import { runCommandLine } from "./shell.ts";

await runCommandLine(createProgram);
