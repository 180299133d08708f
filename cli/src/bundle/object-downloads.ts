import type { BundleObject } from '@terrace/protocol/bundle/bundle-manifest.ts'
import { CliError, EXIT } from '../cli-error.ts'
import type { Api } from '../connection/api.ts'

/** Where the server says the bytes of an object are. */
type Source = { readonly url: string } | { readonly content: Buffer }

/** One object, from a byte on. */
export interface Download {
  readonly object: BundleObject
  /** The first byte that is wanted. */
  readonly from: number
  readonly write: (piece: Uint8Array) => Promise<void>
}

/** Paths per question; a link then serves long enough for most of them. */
const LINKS_AT_ONCE = 100
const ATTEMPTS = 5
const FIRST_PAUSE_MS = 500

/** Fetches objects of a bundle. Links that have run out are asked for again, connections that break are tried again. */
export class ObjectDownloads {
  readonly #api: Api
  readonly #sources = new Map<string, Source>()
  readonly #next: BundleObject[]

  /** @param order in which the objects will be asked for, as far as that is known. */
  constructor(api: Api, order: readonly BundleObject[]) {
    this.#api = api
    this.#next = [...order]
  }

  /** Passes the bytes on. @throws {CliError} when they cannot be had. */
  async fetch({ object, from, write }: Download): Promise<void> {
    let position = from
    const take = async (piece: Uint8Array): Promise<void> => {
      await write(piece)
      position += piece.length
    }
    for (let attempt = 1; position < object.size || attempt === 1; attempt += 1) {
      try {
        await this.#fetchOnce(object, position, take)
        return
      } catch (error) {
        if (attempt >= ATTEMPTS || !(error instanceof CliError) || !isWorthAnother(error)) throw error
        this.#sources.delete(object.path)
        await pause(FIRST_PAUSE_MS * 2 ** (attempt - 1))
      }
    }
  }

  async #fetchOnce(object: BundleObject, from: number, write: Download['write']): Promise<void> {
    const source = await this.#sourceOf(object)
    if ('content' in source) return write(source.content.subarray(from))
    await this.#api.download(source.url, { action: `download "${object.path}"`, from, write })
  }

  async #sourceOf(object: BundleObject): Promise<Source> {
    const known = this.#sources.get(object.path)
    if (known !== undefined) return known
    await this.#ask(object)
    const source = this.#sources.get(object.path)
    if (source === undefined) throw new CliError(`Cannot download "${object.path}": the server does not say where it is`)
    return source
  }

  /** Asks for it and for those that come behind it. */
  async #ask(object: BundleObject): Promise<void> {
    const place = this.#next.indexOf(object)
    const paths = this.#next.slice(place, place + LINKS_AT_ONCE).map(({ path }) => path)
    const { objects } = await this.#api.call('post', '/api/v1/admin/bundles/links', { action: 'download the bundle', body: { paths } })
    this.#sources.clear()
    for (const { path, url, content } of objects) {
      if (url !== null) this.#sources.set(path, { url })
      else if (content !== null) this.#sources.set(path, { content: Buffer.from(content, 'base64') })
    }
  }
}

/** A link that has run out, a server that is busy or away, a connection that broke. */
function isWorthAnother({ code, exitCode }: CliError): boolean {
  return code === 'LINK_INVALID' || exitCode === EXIT.unavailable
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms)
  })
}
