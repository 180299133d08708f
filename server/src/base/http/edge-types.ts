import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { FastifyBaseLogger, FastifyInstance, FastifyRequest, RawServerDefault } from 'fastify'

/** Text of a scope: `providers:read`, or the wildcard `admin`. The known ones are listed by the access feature. */
export type ScopeText = 'admin' | `${string}:${string}`

/**
 * What a route asks of its caller.
 *
 * - `public`: credentials are not even looked at; discovery must answer a wrong token like no token (protocol.md D-2).
 * - `anyone`: a credential is optional, but a wrong one is refused with 401.
 * - `authenticated`: any valid credential, whatever its scopes.
 * - a scope: a valid credential that holds it.
 */
export type Requirement = 'public' | 'anyone' | 'authenticated' | ScopeText

/** Which budget of requests a route draws from; `none` is for probes. */
export type RateLimitTier = 'protocol' | 'api' | 'sign_in' | 'token_exchange' | 'upload' | 'none'

/** How a route renders errors: `{"errors":[…]}`, RFC 9457 problem JSON, one line of text, or a page for people. */
export type ErrorFormat = 'protocol' | 'problem' | 'text' | 'page'

/** What somebody may do in one organisation. */
export interface OrganizationGrant {
  readonly organizationId: string
  readonly scopes: readonly ScopeText[]
}

/** Who sends a request. */
export interface Actor {
  readonly kind: 'anonymous' | 'session' | 'api_key' | 'system'
  /** User id; null for `anonymous` and `system`. */
  readonly id: string | null
  /** User name, with the key's name behind a slash for an API key. For people, not for decisions. */
  readonly name: string
  /** Effective scopes in the whole registry: already narrowed to what the owner of an API key still has. */
  readonly scopes: readonly ScopeText[]
  /** What comes on top in single organisations; empty in a registry for one tenant. */
  readonly grants: readonly OrganizationGrant[]
  /** The only namespaces that the credential may change; `undefined`: no restriction. */
  readonly namespaces?: readonly string[] | undefined
  /** Session id or API key id; null for `anonymous` and `system`. */
  readonly credentialId: string | null
}

/** The caller without a credential. */
export const ANONYMOUS: Actor = { kind: 'anonymous', id: null, name: 'anonymous', scopes: [], grants: [], credentialId: null }

/** Where a change comes from; use cases take it and hand it to the audit. */
export interface Origin {
  readonly actor: Actor
  /** Address of the client; null for jobs. */
  readonly ip: string | null
  readonly requestId: string | null
}

/** Permissions and behaviour of a route, given as its `config`. */
export interface RouteSettings {
  /** Without it the route cannot be registered. */
  readonly requires: Requirement
  /**
   * Where the scope must be held: in the whole `registry` (default), or in some `organization`; then the handler must ask
   * `mayIn` about the organisation that the request is about.
   */
  readonly within?: 'registry' | 'organization'
  /** Default: `protocol` below `/v1/`, `/files/` and `/.well-known/`, else `api`. */
  readonly rateLimitTier?: RateLimitTier
  /** Default: `protocol` below `/v1/`, else `problem`. */
  readonly errorFormat?: ErrorFormat
  /** Where a page of ours sends the CSRF token: in the header (default), or in the field `csrf_token` of a form. */
  readonly csrfToken?: 'header' | 'form'
  /** Name of the action in the audit when the request is denied or fails; default `METHOD route`. */
  readonly action?: string
  /** Answers also while the server starts and stops. */
  readonly alwaysOn?: boolean
}

declare module 'fastify' {
  interface FastifyContextConfig extends Partial<RouteSettings> {}

  interface FastifyInstance {
    /** Version of the product. */
    productVersion: string
  }

  interface FastifyRequest {
    /** Set by the request chain before any handler runs. */
    actor: Actor
  }
}

/** The server that features register their routes on. */
export type App = FastifyInstance<RawServerDefault, IncomingMessage, ServerResponse, FastifyBaseLogger, TypeBoxTypeProvider>

/** Origin of what a request does. */
export function originOf(request: FastifyRequest): Origin {
  return { actor: request.actor, ip: request.ip, requestId: request.id }
}

/** Origin of what the server does by itself; the name appears in the audit. */
export function systemOrigin(name: string): Origin {
  return { actor: { kind: 'system', id: null, name, scopes: [], grants: [], credentialId: null }, ip: null, requestId: null }
}
