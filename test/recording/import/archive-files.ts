import { writeFileSync } from "node:fs";
import { strToU8, zipSync } from "fflate";

/** Writes a zip of one file, as the public archive has them; `change` may damage its bytes. */
export function putZip(
  path: string,
  name: string,
  text: string,
  change: (zip: Buffer) => Buffer = (zip) => zip,
  more: Readonly<Record<string, string>> = {},
): string {
  const rest = Object.fromEntries(Object.entries(more).map(([file, content]) => [file, strToU8(content)]));
  const zip = zipSync({ [name]: strToU8(text), ...rest }, { mtime: new Date(2025, 0, 1) });
  writeFileSync(path, change(Buffer.from(zip)));
  return path;
}
