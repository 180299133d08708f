import { describe, expect, test } from 'vitest'
import { html } from './html.ts'

describe('html', () => {
  test('texts are escaped for content and for quoted attributes', () => {
    const text = `<script>"'&`
    expect(String(html`<a title="${text}">${text}</a>`)).toBe(
      '<a title="&lt;script&gt;&quot;&#39;&amp;">&lt;script&gt;&quot;&#39;&amp;</a>',
    )
  })

  test('markup stays, lists are joined, and nothing is nothing', () => {
    const items = ['a', 'b'].map((name) => html`<li>${name}</li>`)
    expect(String(html`<ul>${items}${undefined}${false}${0}</ul>`)).toBe('<ul><li>a</li><li>b</li>0</ul>')
  })

  test('an object that merely prints as markup is a text', () => {
    const forged = { toString: () => '<b>' } as unknown as string
    expect(() => String(html`${forged}`)).toThrow()
  })
})
