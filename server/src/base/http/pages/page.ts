import { createHash } from 'node:crypto'
import type { FastifyReply } from 'fastify'
import { Html, html } from './html.ts'
import { PAGE_STYLE } from './page-style.ts'

/** A page of the server, for people in front of a browser. */
export interface Page {
  readonly title: string
  readonly body: Html
  /** Addresses outside of ours to which a form of the page may lead in the end, for example `http://localhost:10000`. */
  readonly formTargets?: readonly string[]
}

const STYLE_HASH = createHash('sha256').update(PAGE_STYLE).digest('base64')
const MARK = html`<svg viewBox="0 0 28 28" aria-hidden="true"><path d="M2 20h24v5H2zM8 12h18v5H8zM14 4h12v5H14z"/></svg>`

/** The whole document. */
export function renderPage({ title, body }: Page): string {
  const document = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title} · Terrace</title>
<style>${new Html(PAGE_STYLE)}</style>
</head>
<body>
<header class="brand">${MARK}Terrace</header>
<main>
${body}
</main>
</body>
</html>
`
  return document.toString()
}

/**
 * Headers of a page. The policy lets in nothing but our style sheet: no script, picture or frame, whatever a hole in the markup might
 * add. `form-action` also binds the redirect that answers a form (https://www.w3.org/TR/CSP3/#directive-form-action), so the place
 * where a form ends is named. The referrer stays on our site: without any, browsers send forms with `Origin: null`.
 */
export function pageHeaders({ formTargets = [] }: Pick<Page, 'formTargets'>): Readonly<Record<string, string>> {
  const formAction = ["'self'", ...formTargets].join(' ')
  return {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; form-action ${formAction}; base-uri 'none'; frame-ancestors 'none'`,
    'referrer-policy': 'same-origin',
    'cache-control': 'no-store',
  }
}

/** Sends a page with the status that the reply has. */
export function sendPage(reply: FastifyReply, page: Page): FastifyReply {
  return reply.headers(pageHeaders(page)).send(renderPage(page))
}
