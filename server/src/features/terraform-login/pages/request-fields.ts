import { type Html, html } from '../../../base/http/pages/html.ts'
import { REQUEST_PARAMETERS, type RequestParameters } from '../authorization-request.ts'

/** Hidden fields of a form: what the CLI asked for, checked again when they come back, and the CSRF token. */
export function requestFields(parameters: RequestParameters, csrfToken: string): Html {
  const fields = REQUEST_PARAMETERS.filter((name) => parameters[name] !== undefined)
  return html`${fields.map((name) => html`<input type="hidden" name="${name}" value="${parameters[name]}">\n`)}<input type="hidden" name="csrf_token" value="${csrfToken}">`
}
