/** Lines of a text with their 1-based numbers; an empty last line is no line, `\r` before a newline is dropped. */
export function* csvLines(text: string): Generator<{ line: number; text: string }> {
  let line = 0;
  for (let start = 0; start < text.length; ) {
    line++;
    const found = text.indexOf("\n", start);
    const end = found < 0 ? text.length : found;
    yield { line, text: text.charCodeAt(end - 1) === 13 ? text.slice(start, end - 1) : text.slice(start, end) };
    start = end + 1;
  }
}
