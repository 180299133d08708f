import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { originOf } from '../../../base/http/edge-types.ts'
import { clearSessionCookie, isCookieSession } from '../../../base/http/session-cookie.ts'
import { changeOwnPassword, type PasswordChange, type PasswordDeps, setPassword } from './change-password.ts'

const MAX_PASSWORD = 1024
const Password = (description: string) => Type.String({ maxLength: MAX_PASSWORD, description })

const ChangeBody = Type.Object(
  { current_password: Password('The one that counts now.'), new_password: Password('At least 12 characters.') },
  { additionalProperties: false, examples: [{ current_password: 'correct horse battery', new_password: 'staple battery horse' }] },
)
const SetBody = Type.Object(
  { new_password: Password('At least 12 characters.') },
  { additionalProperties: false, examples: [{ new_password: 'staple battery horse' }] },
)

const PasswordChangeView = Type.Object({
  sessions_revoked: Type.Integer({ description: 'Sessions that were ended; for a change of your own the one of this request too.' }),
  api_keys_kept: Type.Integer({ description: 'API keys that still count. Revoke those that may be known to others.' }),
})

const TAGS = ['accounts']
const AUDIT = { action: 'user.change_password', rateLimitTier: 'sign_in' } as const

function presentChange({ sessionsRevoked, apiKeysKept }: PasswordChange) {
  return { sessions_revoked: sessionsRevoked, api_keys_kept: apiKeysKept }
}

/** Changing passwords. Source: requirements.md AUT-05, AUT-06. */
export function passwordRoutes(deps: PasswordDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    const schema = { tags: TAGS, summary: 'Change your password', body: ChangeBody, response: { 200: PasswordChangeView } }
    app.put('/api/v1/auth/password', { config: { requires: 'authenticated', ...AUDIT }, schema }, async (request, reply) => {
      const { current_password: currentPassword, new_password: newPassword } = request.body
      const change = await changeOwnPassword(deps, { currentPassword, newPassword, origin: originOf(request) })
      if (isCookieSession(request)) clearSessionCookie(reply)
      return presentChange(change)
    })

    const params = Type.Object({ id: Type.String() })
    const setSchema = { tags: TAGS, summary: 'Set the password of a user', params, body: SetBody, response: { 200: PasswordChangeView } }
    app.put('/api/v1/users/:id/password', { config: { requires: 'users:manage', ...AUDIT }, schema: setSchema }, async (request) => {
      const { params, body } = request
      return presentChange(await setPassword(deps, { userId: params.id, password: body.new_password, origin: originOf(request) }))
    })
  }
}
