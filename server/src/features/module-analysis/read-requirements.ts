import { HclLimitError } from '../../base/hcl/hcl-errors.ts'
import { isOverrideFile, mergeConfiguration } from './merge-configuration.ts'
import type { ModuleCall, RequiredProvider } from './module-analysis.ts'
import { type Body, isBody, isShallow } from './parse-configuration.ts'
import { readPart } from './read-part.ts'
import { readProviders } from './read-providers.ts'

/** What the configuration of one folder needs from outside. */
export interface FolderRequirements {
  readonly providers: readonly RequiredProvider[]
  readonly moduleCalls: readonly ModuleCall[]
}

/**
 * Providers and modules that the files of one folder need, as Terraform finds them: providers that are only used count, and override
 * files change the others.
 * @param files documents as `readHcl` and `parseJsonConfiguration` give them
 * @param defaultHostname host of sources that name none; by default Terraform's.
 * @throws {HclLimitError} when one is nested too deeply
 */
export function readRequirements(
  files: readonly { readonly path: string; readonly document: unknown }[],
  defaultHostname?: string,
): FolderRequirements {
  const documents = files.map(({ path, document }) => ({ document: toBody(document), override: isOverrideFile(path) }))
  const configuration = mergeConfiguration(documents)
  return { providers: readProviders(configuration, defaultHostname), moduleCalls: readPart('', configuration).module_calls }
}

function toBody(document: unknown): Body {
  if (!isShallow(document, 0)) throw new HclLimitError('the text is nested too deeply')
  return isBody(document) ? document : {}
}
