import { type Html, html } from '../../../base/http/pages/html.ts'
import type { Page } from '../../../base/http/pages/page.ts'
import { type RequestParameters, requestPath } from '../authorization-request.ts'
import type { AccessChoice, LoginAccess } from '../login-access.ts'
import { requestFields } from './request-fields.ts'

/** What the page that asks for consent shows. */
export interface ConsentView {
  readonly host: string
  readonly username: string
  readonly choices: readonly AccessChoice[]
  readonly parameters: RequestParameters
  /** Scheme, host and port of the CLI's listener. */
  readonly formTarget: string
  readonly csrfToken: string
  /** Life of the token; 0: it does not end. */
  readonly tokenDays: number
}

const CHOICE_TEXTS: Readonly<Record<LoginAccess, readonly [title: string, text: string]>> = {
  read: ['Install modules and providers', 'Private ones too, where you may. All that Terraform needs.'],
  publish: ['Install and publish', 'Also change and withdraw versions, where you may.'],
  everything: ['Everything that you may do', 'Whoever gets hold of the token can do all that you can.'],
}

/** The question whether Terraform may have a token, and for what. */
export function consentPage(view: ConsentView): Page {
  const { host, username, choices, parameters, csrfToken, formTarget } = view
  const body = html`<h1>Allow Terraform to use ${host}?</h1>
<p class="soft">It asks for a token of yours. Allow that only if you have just run <code>terraform login</code> yourself.</p>
<dl class="facts">
<dt>Signed in as</dt><dd>${username}</dd>
<dt>Token goes to</dt><dd>${new URL(formTarget).host}</dd>
<dt>Valid for</dt><dd>${lifeOf(view.tokenDays)}</dd>
</dl>
<form method="post" action="/oauth/authorize">
${requestFields(parameters, csrfToken)}
<fieldset>
<legend>What the token may do</legend>
${choices.map((choice, index) => choiceField(choice, index === 0))}
</fieldset>
<div class="actions">
<button class="main" name="decision" value="allow">Allow</button>
<button name="decision" value="refuse">Refuse</button>
</div>
</form>
<p class="after soft small">You can revoke the token at any time on your list of API keys. Not ${username}? <a href="${requestPath(parameters)}&amp;prompt=login">Sign in as somebody else</a></p>`
  return { title: `Allow Terraform to use ${host}?`, body, formTargets: [formTarget] }
}

function choiceField({ access, scopes }: AccessChoice, isFirst: boolean): Html {
  const [title, text] = CHOICE_TEXTS[access]
  return html`<label class="choice">
<input type="radio" name="access" value="${access}"${isFirst && html` checked`}>
<b>${title}</b>
<small>${text}</small>
<small>Scopes: ${scopes.map((scope, index) => html`${index > 0 && ', '}<code>${scope}</code>`)}</small>
</label>
`
}

function lifeOf(days: number): string {
  if (days === 0) return 'As long as you do not revoke it'
  return days === 1 ? '1 day' : `${days} days`
}
