/** Version of the decisions: a journal of another version may differ. Equals the package's version (tested). */
export const ENGINE_VERSION = "0.1.0";
