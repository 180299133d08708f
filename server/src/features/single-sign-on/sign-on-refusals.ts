import { RegistryError } from '../../base/errors.ts'
import type { SignOnProvider } from './sign-on-providers.ts'

/** Why somebody was not let in: text for people, hint, and the word that goes into the audit. */
const REFUSALS = {
  other_browser: ['it did not begin in this browser', 'Begin again, and stay in one browser'],
  attempt_unknown: ['it is not known here', 'Begin again'],
  attempt_expired: ['it took too long', 'Begin again'],
  attempt_used: ['its answer was used before', 'Begin again'],
  other_provider: ['the answer belongs to another identity provider', 'Begin again; tell an administrator if it happens once more'],
  provider_refused: ['the identity provider refused it', 'Begin again, or ask the administrators of the identity provider'],
  answer_invalid: ['the answer of the identity provider does not verify', 'Begin again; an administrator finds the reason in the log'],
  email_unverified: ['the identity provider does not vouch for the e-mail address', 'Verify the e-mail address there, then begin again'],
  email_domain: ['the domain of the e-mail address is not allowed here', 'Sign in with another account'],
  email_taken: ['another user has the e-mail address', 'Ask an administrator'],
  groups_incomplete: [
    'the identity provider did not list the groups, because there are too many',
    'Let it send only the groups of this application, or app roles',
  ],
  no_user: ['there is no user for this account', 'Ask an administrator'],
  disabled: ['the user is disabled', 'Ask an administrator'],
} as const satisfies Record<string, readonly [state: string, hint: string]>

/** A word that tells why. */
export type RefusalReason = keyof typeof REFUSALS

/** The refusal that the browser shows. */
export function signOnRefused({ title }: Pick<SignOnProvider, 'title'>, reason: RefusalReason): RegistryError {
  const [state, hint] = REFUSALS[reason]
  return new RegistryError('SIGN_ON_REFUSED', `Cannot sign in with "${title}": ${state}`, { hint, detail: { reason } })
}
