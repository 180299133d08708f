import type { IncomingHttpHeaders } from 'node:http'

/** What both kinds of request may ask for. */
interface RequestOptions {
  /** PEM file of CAs that are trusted for this request beside the usual ones. */
  readonly caFile?: string
  readonly signal?: AbortSignal
  /** Default 5. */
  readonly maxRedirects?: number
}

export interface GetBytesOptions extends RequestOptions {
  /** Limit of the body, before and after decompression. */
  readonly maxBytes: number
  /** Limit of the whole call, redirects included. */
  readonly timeoutMs?: number
  readonly accept?: string
}

export interface SizeOptions extends RequestOptions {
  /** Limit of the whole call, redirects included. */
  readonly timeoutMs?: number
}

export interface ReceivedBytes {
  /** Always 2xx. */
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Uint8Array
  /** After redirects; relative URLs in the body resolve against it. */
  readonly finalUrl: URL
}

export interface DownloadOptions extends RequestOptions {
  readonly maxBytes: number
  /** Longest pause between two chunks. */
  readonly idleTimeoutMs: number
  /** Limit of the whole call, resumptions included. */
  readonly totalTimeoutMs: number
  /** Size that is known beforehand: any other one is a truncated or wrong body. */
  readonly expectedBytes?: number
  /** Called at most every 256 KiB and at the end. */
  readonly onProgress?: (bytesDone: number, bytesTotal: number | undefined) => void
}

export interface Downloaded {
  readonly bytes: number
  /** As announced; `undefined` when the upstream did not say, and then a truncated body may look complete. */
  readonly contentLength: number | undefined
  readonly finalUrl: URL
}

export interface SendOptions extends Omit<RequestOptions, 'maxRedirects'> {
  /** Default `GET`. */
  readonly method?: 'GET' | 'POST'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Limit of the body of the answer, before and after decompression. */
  readonly maxBytes: number
  /** Limit of the whole call. */
  readonly timeoutMs?: number
}

export interface SentAnswer {
  /** Any below 500 but 429; a redirect is an answer. */
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Uint8Array
}
