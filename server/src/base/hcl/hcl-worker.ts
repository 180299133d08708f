/**
 * The thread that holds HashiCorp's own HCL parser, compiled to WebAssembly. It is a thread of its own because the parser can
 * only be stopped by ending the thread, and because it would hold the event loop for up to a second.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { parse } from '@cdktn/hcl2json'
import { confineParser } from './confine-parser.ts'
import { TOO_MUCH_MEMORY } from './hcl-errors.ts'
import { PARSER_FILENAME } from './parser-failure.ts'

export interface HclSettings {
  /** Most memory of the parser. */
  readonly parserMemoryBytes: number
}

/** What the thread answers: the document, what the parser said, or why the thread can do nothing any more. */
export type HclReply =
  | { readonly ready: true }
  | { readonly document: unknown }
  | { readonly failure: string }
  /** A sentence for people, without full stop. */
  | { readonly broken: string }

const port = parentPort
if (port === null) throw new TypeError('This file runs as a worker thread only')

const { parserMemoryBytes } = workerData as HclSettings
confineParser({ maxMemoryBytes: parserMemoryBytes, onCrash: () => tell({ broken: TOO_MUCH_MEMORY }) })

async function answer(text: string): Promise<HclReply> {
  try {
    return { document: await parse(PARSER_FILENAME, text) }
  } catch (error) {
    // After a stack overflow the WebAssembly instance is in an unknown state; a message of the parser itself is harmless.
    return error instanceof RangeError ? { broken: 'the text is nested too deeply' } : { failure: (error as Error).message }
  }
}

function tell(reply: HclReply): void {
  port?.postMessage(reply)
}

await parse(PARSER_FILENAME, '')
port.on('message', (text: string) => void answer(text).then(tell))
tell({ ready: true })
