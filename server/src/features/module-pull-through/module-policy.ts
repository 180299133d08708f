import { moduleKey } from '@terrace/protocol/module-addresses.ts'
import type { PolicySubject } from '../mirror-policies/index.ts'
import type { ModuleIdentity } from './upstream-module.ts'

/**
 * What mirror policies decide about: a module stands where they name a provider, its name where they name the type. Nobody named the
 * upstream in the `.tf` files, so a namespace that is claimed here is never asked for.
 */
export function policySubject({ module, version }: Pick<ModuleIdentity, 'module'> & { readonly version?: string }): PolicySubject {
  const { namespace, name } = moduleKey(module)
  return { hostname: module.hostname, namespace, type: name, onDemand: true, kind: 'module', ...(version !== undefined && { version }) }
}
