// Everything that a terminal could take for a command, line breaks and tabs included.
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not reach the terminal
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g

/** One line of text from elsewhere that is safe to print: control and direction characters become `?`. */
export function printable(text: string): string {
  return text.replace(CONTROL, '?')
}
