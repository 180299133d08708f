import { section, textList } from './config-fields.ts'

/** The section `bundles`. */
export const bundles = section('Air-gap bundles.', {
  trusted_keys: textList({
    description: 'Fingerprints of the keys of other registries whose bundles may be imported here; all 40 digits.',
  }),
})
