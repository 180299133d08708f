import { expect, test } from 'vitest'
import { quote } from './quote.ts'

test('text is put in double quotes', () => {
  expect(quote('acme/widget')).toBe('"acme/widget"')
})

test('text longer than 100 characters is cut', () => {
  expect(quote('x'.repeat(101))).toBe(`"${'x'.repeat(99)}…"`)
  expect(quote('x'.repeat(100))).toBe(`"${'x'.repeat(100)}"`)
})

// Otherwise a file name from an upload could forge log lines or steer a terminal.
test('control and direction characters are replaced', () => {
  expect(quote('a\r\nb\u001b[31m\u202ec\u2028')).toBe('"a��b�[31m�c�"')
})
