import { readFileSync, writeFileSync } from 'node:fs'

const BYTES_PER_KB = 1024
const MEGABYTE = 1_000_000

/** Resident memory of a process now, in MB (1 000 000 bytes). Needs Linux. */
export function residentMb(pid: number): number {
  return readStatus(pid, 'VmRSS')
}

/** The most that was resident since {@link forgetPeak}, as the kernel has seen it: no moment is missed. */
export function peakMb(pid: number): number {
  return readStatus(pid, 'VmHWM')
}

/** Source: proc(5), clear_refs */
export function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5')
}

function readStatus(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const kilobytes = Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? Number.NaN)
  if (Number.isNaN(kilobytes)) throw new Error(`The kernel does not tell ${field} of process ${pid}`)
  return (kilobytes * BYTES_PER_KB) / MEGABYTE
}
