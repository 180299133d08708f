import { expect, test } from 'vitest'
import { usernameCandidates } from './choose-username.ts'

test.each([
  ['mia', 'mia'],
  ['Mia.Long@Example.com', 'mia.long@example.com'],
  ['Müller, Jürgen', 'muller-jurgen'],
  ['../../etc/passwd', 'etc-passwd'],
  ['-x-', 'x'],
  ['', 'user'],
  ['日本', 'user'],
  ['a'.repeat(100), 'a'.repeat(56)],
])('"%s" becomes the name "%s"', (hint, name) => {
  const candidates = usernameCandidates(hint)
  expect(candidates.slice(0, 2)).toEqual([name, `${name}-2`])
  expect(candidates.every((text) => /^[a-z0-9](?:[a-z0-9._@-]{0,62}[a-z0-9])?$/.test(text))).toBe(true)
})
