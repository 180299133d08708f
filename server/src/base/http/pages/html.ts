const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** Markup that is safe to send: made by `html` only, so that a plain text can never pass for it. */
export class Html {
  readonly #markup: string

  constructor(markup: string) {
    this.#markup = markup
  }

  toString(): string {
    return this.#markup
  }
}

/** What may stand in a template: texts are escaped, markup stays, lists are joined, `undefined` and `false` are nothing. */
export type HtmlPart = string | number | Html | readonly HtmlPart[] | undefined | false

function render(part: HtmlPart): string {
  if (part === undefined || part === false) return ''
  if (part instanceof Html) return part.toString()
  if (typeof part === 'object') return part.map(render).join('')
  return String(part).replaceAll(/[&<>"']/g, (character) => ESCAPES[character] ?? '')
}

/** Markup from a template. Whatever is put into it is escaped for text and for quoted attributes; put it nowhere else. */
export function html(template: TemplateStringsArray, ...parts: readonly HtmlPart[]): Html {
  return new Html(template.reduce((markup, text, index) => markup + render(parts[index - 1]) + text))
}
