import type { SearchDocument } from '../features/module-search/index.ts'
import { AWS_MODULES } from './golden-aws-modules.ts'
import { OTHER_MODULES } from './golden-other-modules.ts'

/** A registry as companies have them, in the style of well-known public modules; `moduleId` is the address. */
export const GOLDEN_DOCUMENTS: readonly SearchDocument[] = Object.entries({ ...AWS_MODULES, ...OTHER_MODULES }).map(
  ([address, module], index) => {
    const [namespace = '', name = '', system = ''] = address.split('/')
    return {
      moduleId: address,
      namespace,
      name,
      system,
      description: module.description,
      readme: module.readme ?? '',
      inputNames: words(module.inputs),
      resourceTypes: words(module.resources),
      deprecated: module.deprecated ?? false,
      downloads: module.downloads ?? 100 + index,
      publishedAt: 1_790_000_000_000 + index * 86_400_000,
    }
  },
)

function words(text = ''): string[] {
  return text === '' ? [] : text.split(' ')
}
