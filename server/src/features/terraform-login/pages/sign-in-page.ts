import { type Html, html } from '../../../base/http/pages/html.ts'
import type { Page } from '../../../base/http/pages/page.ts'
import type { SignOnMethod } from '../../accounts/index.ts'
import { type RequestParameters, requestPath } from '../authorization-request.ts'
import { requestFields } from './request-fields.ts'

/** What the page of signing in shows. */
export interface SignInView {
  readonly host: string
  readonly parameters: RequestParameters
  /** Where a refusal leads: scheme, host and port of the CLI's listener. */
  readonly formTarget: string
  readonly csrfToken: string
  readonly withPassword: boolean
  readonly signOnMethods: readonly SignOnMethod[]
  /** The user name of a try that failed, and why. */
  readonly failed?: { readonly username: string; readonly message: string } | undefined
}

/** Signing in, on the way to the page that asks for consent. */
export function signInPage(view: SignInView): Page {
  const { host, signOnMethods, withPassword, failed } = view
  const body = html`<h1>Sign in to ${host}</h1>
<p class="soft">Terraform asks for access to this registry. Sign in to decide about it.</p>
${failed && html`<p class="alarm" role="alert">${failed.message}</p>`}
${signOnMethods.length > 0 && methodLinks(view)}
${signOnMethods.length > 0 && withPassword && html`<p class="or">or</p>`}
${withPassword ? passwordForm(view) : cancelForm(view)}`
  return { title: `Sign in to ${host}`, body, formTargets: [view.formTarget] }
}

function methodLinks({ signOnMethods, parameters }: SignInView): Html {
  const query = String(new URLSearchParams({ return_to: requestPath(parameters) }))
  const links = signOnMethods.map(({ title, url }) => html`<a class="button" href="${url}?${query}">Continue with ${title}</a>\n`)
  return html`<div class="methods">${links}</div>`
}

function passwordForm({ parameters, csrfToken, failed }: SignInView): Html {
  const [onName, onPassword] = failed === undefined ? [html` autofocus`, undefined] : [undefined, html` autofocus`]
  return html`<form method="post" action="/oauth/sign-in">
${requestFields(parameters, csrfToken)}
<label class="field">User name
<input name="username" value="${failed?.username}" autocomplete="username" autocapitalize="none" spellcheck="false" maxlength="200" required${onName}></label>
<label class="field">Password
<input name="password" type="password" autocomplete="current-password" maxlength="1024" required${onPassword}></label>
<div class="actions">
<button class="main" name="decision" value="sign_in">Sign in</button>
<button name="decision" value="cancel" formnovalidate>Cancel</button>
</div>
</form>`
}

function cancelForm({ parameters, csrfToken }: SignInView): Html {
  return html`<form method="post" action="/oauth/sign-in">
${requestFields(parameters, csrfToken)}
<div class="actions"><button name="decision" value="cancel">Cancel</button></div>
</form>`
}
