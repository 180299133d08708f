import type { Config } from '../../config/config-schema.ts'
import type { SignOnMethod } from '../accounts/index.ts'

/** A group of the identity provider and what its members are here. */
export interface GroupRole {
  readonly group: string
  /** Name of the organisation. */
  readonly organization: string
  /** Name of the role template. */
  readonly role: string
}

/** A way to sign in, with every default filled in. */
export interface SignOnProvider {
  readonly kind: 'oidc' | 'azure_ad'
  /** Name in addresses. */
  readonly name: string
  /** Name on the button. */
  readonly title: string
  readonly issuer: string
  readonly clientId: string
  /** Empty: a public client. */
  readonly clientSecret: string
  readonly scopes: readonly string[]
  readonly emailClaim: string
  readonly usernameClaim: string
  /** `undefined`: groups are not looked at. */
  readonly groupsClaim: string | undefined
  readonly requireVerifiedEmail: boolean
  readonly allowedEmailDomains: readonly string[]
  readonly createUsers: boolean
  readonly linkByEmail: boolean
  readonly groupRoles: readonly GroupRole[]
  /** Role template in the default organisation of whoever has none there by a group. */
  readonly defaultRole: string | undefined
  readonly caFile: string | undefined
}

type SignOnConfig = { readonly auth: Pick<Config['auth'], 'oidc' | 'azureAd'> }

const SCOPES = ['openid', 'profile', 'email']
const AZURE_AD_NAME = 'azure-ad'

/** The configured providers, in the order of the configuration, Entra ID last. */
export function listProviders({ auth }: SignOnConfig): SignOnProvider[] {
  const providers = auth.oidc.map(oidcProvider)
  return auth.azureAd.enabled ? [...providers, azureAdProvider(auth.azureAd)] : providers
}

/** What a sign-in page offers beside the password. */
export function signOnMethods(config: SignOnConfig): SignOnMethod[] {
  return listProviders(config).map(({ name, title }) => ({ name, title, url: `/api/v1/auth/sso/${name}/start` }))
}

function oidcProvider(settings: Config['auth']['oidc'][number]): SignOnProvider {
  const defaults = {
    title: settings.name,
    clientSecret: '',
    scopes: SCOPES,
    emailClaim: 'email',
    usernameClaim: 'preferred_username',
    groupsClaim: undefined,
    requireVerifiedEmail: true,
    allowedEmailDomains: [],
    createUsers: false,
    linkByEmail: false,
    groupRoles: [],
    defaultRole: undefined,
    caFile: undefined,
  }
  return { kind: 'oidc', ...defaults, ...settings }
}

/**
 * Entra ID names people by tenant and object id; their e-mail address is a text that an administrator of the tenant may choose
 * freely, so it neither admits nor links anybody. Source:
 * https://learn.microsoft.com/en-us/entra/identity-platform/claims-validation
 */
function azureAdProvider(settings: Config['auth']['azureAd']): SignOnProvider {
  const { title, tenantId, clientId, clientSecret, authority, groupsClaim, createUsers, groupRoles, defaultRole } = settings
  return {
    kind: 'azure_ad',
    name: AZURE_AD_NAME,
    title,
    issuer: `${authority.replace(/\/+$/, '')}/${tenantId.toLowerCase()}/v2.0`,
    clientId,
    clientSecret,
    scopes: SCOPES,
    emailClaim: 'email',
    usernameClaim: 'preferred_username',
    groupsClaim,
    requireVerifiedEmail: false,
    allowedEmailDomains: [],
    createUsers,
    linkByEmail: false,
    groupRoles,
    defaultRole: defaultRole === '' ? undefined : defaultRole,
    caFile: undefined,
  }
}
