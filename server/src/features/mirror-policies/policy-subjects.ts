import { AddressError, type ProviderAddress, parseProviderAddress } from '@terrace/protocol/addresses.ts'
import { canonicalVersion } from '@terrace/protocol/versions.ts'
import { RegistryError } from '../../base/errors.ts'

/** A provider or a version of one, as somebody wrote it. */
export interface WrittenSubject {
  /** `[HOST/]NAMESPACE/TYPE` */
  readonly address: string
  readonly version?: string | undefined
}

/**
 * Reads what a request is about.
 *
 * @throws {RegistryError} INVALID_ADDRESS, INVALID_VERSION
 */
export function readSubject({ address, version }: WrittenSubject): ProviderAddress & { readonly version: string | undefined } {
  const canonical = version === undefined ? undefined : canonicalVersion(version)
  if (version !== undefined && canonical === undefined) {
    throw new RegistryError('INVALID_VERSION', `Cannot read version "${version}": it is not a semantic version`, {
      hint: 'Write it as the upstream lists it: 1.2.3',
    })
  }
  return { ...readAddress(address), version: canonical }
}

function readAddress(text: string): ProviderAddress {
  try {
    return parseProviderAddress(text)
  } catch (error) {
    throw error instanceof AddressError ? badAddress(error) : error
  }
}

function badAddress(error: AddressError): RegistryError {
  return new RegistryError('INVALID_ADDRESS', error.message, { hint: 'Write HOST/NAMESPACE/TYPE', cause: error })
}
