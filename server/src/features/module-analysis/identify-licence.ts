/** Phrases that one licence has and the others lack; the first match counts. Compared in lower case, all blanks as one. */
const PHRASES: readonly (readonly [spdx: string, ...phrases: string[]])[] = [
  ['Apache-2.0', 'apache license version 2.0'],
  ['MPL-2.0', 'mozilla public license version 2.0'],
  ['MPL-2.0', 'mozilla public license, version 2.0'],
  ['AGPL-3.0-only', 'gnu affero general public license version 3'],
  ['LGPL-3.0-only', 'gnu lesser general public license version 3'],
  ['LGPL-2.1-only', 'gnu lesser general public license version 2.1'],
  ['GPL-3.0-only', 'gnu general public license version 3'],
  ['GPL-2.0-only', 'gnu general public license version 2'],
  ['BUSL-1.1', 'business source license 1.1'],
  ['EPL-2.0', 'eclipse public license - v 2.0'],
  ['CC0-1.0', 'cc0 1.0 universal'],
  ['Unlicense', 'this is free and unencumbered software released into the public domain'],
  ['MIT-0', 'permission is hereby granted, free of charge', '!the above copyright notice and this permission notice'],
  ['MIT', 'permission is hereby granted, free of charge', 'the above copyright notice and this permission notice'],
  ['ISC', 'permission to use, copy, modify, and/or distribute this software for any purpose', 'appear in all copies'],
  ['0BSD', 'permission to use, copy, modify, and/or distribute this software for any purpose'],
  ['BSD-3-Clause', 'redistribution and use in source and binary forms', 'endorse or promote products'],
  ['BSD-2-Clause', 'redistribution and use in source and binary forms'],
]

/** SPDX identifier of a licence text; undefined when the text is none that we know. A `SPDX-License-Identifier` in it counts first. */
export function identifyLicence(text: string): string | undefined {
  const stated = /SPDX-License-Identifier:\s*([0-9A-Za-z.+-]+)/.exec(text)?.[1]
  if (stated !== undefined) return stated
  const plain = text.toLowerCase().replace(/[\s*#=_]+/g, ' ')
  const bare = plain.replaceAll(', version', ' version')
  return PHRASES.find(([, ...phrases]) =>
    phrases.every((phrase) =>
      phrase.startsWith('!') ? !plain.includes(phrase.slice(1)) : plain.includes(phrase) || bare.includes(phrase),
    ),
  )?.[0]
}
