/** The one function that is used of a package without types. */
declare module "lz4js" {
  /** Unpacks a frame into `target`, which must be large enough, and returns the number of bytes. */
  export function decompressFrame(frame: Uint8Array, target: Uint8Array): number;
}
