const MAX_LENGTH = 2000
const HOME = '/'

// Printable ASCII without the backslash, which browsers read as a slash.
const PLAIN = /^\/[\x21-\x5b\x5d-\x7e]*$/
// What a proxy on the way may decode into a slash, a backslash or a control character.
const HIDDEN = /%(?:2f|5c|0[0-9a-f]|1[0-9a-f]|7f|25)/i

/**
 * Where to send a browser afterwards (`return_to`, `next`): a path of our own with its query, as given; `/` for anything that
 * could lead to another host, whatever the browser or a proxy makes of it. Source: reliability.md row 35
 */
export function readReturnPath(text: unknown): string {
  if (typeof text !== 'string' || text.length > MAX_LENGTH || !PLAIN.test(text)) return HOME
  const path = text.split(/[?#]/, 1)[0] ?? ''
  // Two slashes anywhere: dot segments are resolved away, and `/.//host` becomes `//host`.
  return path.includes('//') || HIDDEN.test(path) ? HOME : text
}
