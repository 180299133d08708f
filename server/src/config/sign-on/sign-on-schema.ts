import { Type } from 'typebox'
import { flag, section, text } from '../config-fields.ts'

const given = (description: string) => Type.Optional(Type.String({ description, minLength: 1 }))
const givenList = (description: string) => Type.Optional(Type.Array(Type.String({ minLength: 1 }), { description }))
const givenFlag = (description: string) => Type.Optional(Type.Boolean({ description }))

const groupRole = section('What the members of a group of the identity provider are here.', {
  group: Type.String({ description: 'Name or id of the group, exactly as the claim has it.', minLength: 1 }),
  organization: Type.String({ description: 'Name of the organisation.', minLength: 1 }),
  role: Type.String({ description: 'Name of the role template in that organisation, or of a system template.', minLength: 1 }),
})

const groupRoles = Type.Array(groupRole, {
  description: 'Groups → organisations and roles, looked up at each sign-in; of several for one organisation the first counts.',
  default: [],
})

/** `auth.oidc`: any OpenID provider. */
const oidcProvider = section('An OpenID provider that people sign in with.', {
  name: Type.String({ description: 'Name in addresses: lower-case letters, digits and `-`.', minLength: 1 }),
  title: given('Name on the button; default: the name.'),
  issuer: Type.String({ description: 'Issuer, exactly as its discovery document has it.', minLength: 1 }),
  client_id: Type.String({ description: 'Id of the client that is registered there.', minLength: 1 }),
  client_secret: Type.Optional(Type.String({ description: 'Its secret; without one it is a public client.', secret: true })),
  client_secret_file: Type.Optional(
    Type.String({ description: 'File with the secret, in place of `client_secret`.', minLength: 1, filePath: true }),
  ),
  scopes: givenList('Scopes that are asked for; default: `openid`, `profile`, `email`.'),
  email_claim: given('Claim with the e-mail address; default: `email`.'),
  username_claim: given('Claim from which the name of a new user is made; default: `preferred_username`.'),
  groups_claim: given('Claim with the groups; without one roles are not changed by signing in.'),
  require_verified_email: givenFlag('Whether the provider must say that the e-mail address is verified; default: `true`.'),
  allowed_email_domains: givenList('Domains that a verified e-mail address must have; none: any.'),
  create_users: givenFlag('Whether people who sign in for the first time become users; default: `false`.'),
  link_by_email: givenFlag(
    'Whether a verified e-mail address leads to the user who has it already. Whoever rules the provider can then take over users; default: `false`.',
  ),
  group_roles: Type.Optional(groupRoles),
  default_role: given('Role template in the organisation `default` of whoever has none there by a group.'),
  ca_file: Type.Optional(
    Type.String({ description: 'CA certificates in PEM that are trusted for this provider, beside the usual ones.', filePath: true }),
  ),
})

/** `auth.oidc`, a list of blocks. */
export const oidcProviders = Type.Array(oidcProvider, {
  description: 'OpenID providers that people sign in with: Keycloak, Okta, Google and others.',
  default: [],
})

const ciIssuer = section('An issuer of identity tokens of pipelines.', {
  ca_file: Type.Optional(
    Type.String({ description: 'CA certificates in PEM that are trusted for this issuer, beside the usual ones.', filePath: true }),
  ),
})

/** `auth.ci_issuer`, by issuer. */
export const ciIssuers = Type.Record(Type.String(), ciIssuer, {
  description: 'CAs of issuers that trust rules name, by the issuer as the rules have it: `ci_issuer "https://gitlab.example.com" { … }`.',
  default: {},
})

/** `auth.azure_ad`: Microsoft Entra ID. */
export const azureAd = section('Signing in with Microsoft Entra ID (Azure AD), one tenant.', {
  enabled: flag({ description: 'Offer it.', default: false }),
  title: text({ description: 'Name on the button.', default: 'Microsoft' }),
  tenant_id: text({ description: 'Directory (tenant) ID, a UUID. `common` and other names for many tenants are refused.' }),
  client_id: text({ description: 'Application (client) ID.' }),
  client_secret: text({ description: 'Client secret of the application.', secret: true }),
  authority: text({ description: 'Sign-in host of the cloud.', default: 'https://login.microsoftonline.com' }),
  groups_claim: text({
    description: 'Claim that `group_roles` looks at: `groups` has group object ids, `roles` has app roles.',
    default: 'groups',
  }),
  create_users: flag({ description: 'Whether people who sign in for the first time become users.', default: false }),
  group_roles: groupRoles,
  default_role: text({ description: 'Role template in the organisation `default` of whoever has none there by a group.' }),
})
