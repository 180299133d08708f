import { ERROR_CODES, type RegistryError } from '../../errors.ts'
import { html } from './html.ts'
import type { Page } from './page.ts'

/** A failure as a page: what it means, what happened, what to do next, and how an administrator finds it in the log. */
export function errorPage(error: RegistryError, requestId: string): Page {
  const { title } = ERROR_CODES[error.code]
  const body = html`<h1>${title}</h1>
<p>${error.message}.</p>
${error.hint !== undefined && html`<p>${error.hint}.</p>`}
<p class="after soft small">Code <code>${error.code}</code><br>Request <code>${requestId}</code></p>`
  return { title, body }
}
