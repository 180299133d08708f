/** A path written differently: what one router, proxy or guard takes for the same and another does not. */
export interface PathVariant {
  readonly what: string
  readonly path: string
}

const atEachSlash = (path: string, change: (before: string, after: string) => string): string[] =>
  [...path.matchAll(/\//g)].map(({ index }) => change(path.slice(0, index), path.slice(index + 1)))

const percent = (letter: string): string => `%${letter.charCodeAt(0).toString(16)}`

/** All the ways to write a path without a query. Source: reliability.md rows 11, 25 and 37 */
export function pathVariants(path: string): PathVariant[] {
  const groups: Readonly<Record<string, readonly string[]>> = {
    case: [
      path.toUpperCase(),
      path.replace(/[a-z]/, (letter) => letter.toUpperCase()),
      path.replace(/\/[a-z]/g, (text) => text.toUpperCase()),
    ],
    'doubled slash': atEachSlash(path, (before, after) => `${before}//${after}`),
    'encoded slash': atEachSlash(path, (before, after) => `${before}%2F${after}`).slice(1),
    backslash: atEachSlash(path, (before, after) => `${before}\\${after}`),
    dots: atEachSlash(path, (before, after) => `${before}/./${after}`),
    'dots and back': [`/livez/..${path}`, `/v1/modules/../..${path}`, `/livez/%2e%2e${path}`, `/livez/.%2e${path}`, `/livez%2f..${path}`],
    'dots at the end': [`${path}/.`, `${path}/x/..`, `${path}/%2e`, `${path}/..`, `${path}/%2e%2e`],
    semicolon: [`${path};x`, `${path};/../livez`, `/livez;/..${path}`, ...atEachSlash(path, (before, after) => `${before}/;x=1/${after}`)],
    'encoded letter': [path.replace(/[a-z]/, percent), path.replace(/[a-z]/, (letter) => percent(percent(letter)).replace('%', '%25'))],
    'every letter encoded': [path.replace(/[a-z]/g, percent)],
    ending: ['/', '//', '.', '.json', '%20', '%00', '%09', '%3f', '%23', '?', '?/livez', '#', '#/livez', '&', '*'].map((end) => path + end),
    absolute: [`http://localhost${path}`, `http://127.0.0.1:1${path}`, `//localhost${path}`],
    'broken encoding': [`${path}%`, `${path}%zz`, `${path}%c0%af`],
  }
  return Object.entries(groups).flatMap(([what, paths]) => paths.map((text) => ({ what, path: text })))
}
