/**
 * The thread that holds HashiCorp's own HCL parser, compiled to WebAssembly. It is a thread of its own because the parser can
 * only be stopped by ending the thread, and because it would hold the event loop for up to a second.
 */
import { parentPort } from 'node:worker_threads'
import { parse } from '@cdktn/hcl2json'
import { PARSER_FILENAME } from './parser-failure.ts'

/** What the thread answers: the document, or what the parser or its runtime said. */
export type HclReply = { readonly ready: true } | { readonly document: unknown } | { readonly failure: string; readonly broken: boolean }

const port = parentPort
if (port === null) throw new TypeError('This file runs as a worker thread only')

async function answer(text: string): Promise<HclReply> {
  try {
    return { document: await parse(PARSER_FILENAME, text) }
  } catch (error) {
    // After a stack overflow the WebAssembly instance is in an unknown state; a message of the parser itself is harmless.
    return { failure: (error as Error).message, broken: error instanceof RangeError }
  }
}

await parse(PARSER_FILENAME, '')
port.on('message', (text: string) => void answer(text).then((reply) => port.postMessage(reply)))
port.postMessage({ ready: true } satisfies HclReply)
