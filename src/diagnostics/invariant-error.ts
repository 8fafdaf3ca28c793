/** A bug: something the code promised itself did not hold. Printed with its stack; never caught and continued. */
export class InvariantError extends Error {
  override readonly name = "InvariantError";
}
